// The life of a SIP: what it is made and revised from, fastställd, followed up, closed, its copy.

Alias: $GoalAchievementVS = http://hl7.org/fhir/ValueSet/goal-achievement
Alias: $ActivityStatusVS = http://hl7.org/fhir/ValueSet/care-plan-activity-status

CodeSystem: InsatsKindCS
Id: insats-kind
Title: "Slag av insats"
Description: "What kind of insats an activity of a SIP is: health care counts rehabilitation, habilitation and aids in, social services LSS, LVU and LVM; others do their part (R76, R87)."
* insert SwedishCodes
* #halso-och-sjukvard "Hälso- och sjukvård"
* #rehabilitering "Rehabilitering"
* #habilitering "Habilitering"
* #hjalpmedel "Hjälpmedel"
* #sol "Insats enligt socialtjänstlagen (SoL)"
* #lss "Insats enligt lagen om stöd och service till vissa funktionshindrade (LSS)"
* #lvu "Vård enligt lagen med särskilda bestämmelser om vård av unga (LVU)"
* #lvm "Vård enligt lagen om vård av missbrukare i vissa fall (LVM)"
* #skola "Stöd i förskola eller skola"
* #myndighet "Åtgärd av en annan myndighet"
* #narstaende "Det en närstående gör"
* #egen "Det personen själv gör"

ValueSet: InsatsKindVS
Id: insats-kind
Title: "Slag av insats"
Description: "What kind of insats an activity of a SIP is."
* insert AllOf(InsatsKindCS)

RuleSet: SipOperation(name, title, code)
* insert InstanceMetadata
* name = "{name}"
* title = "{title}"
* kind = #operation
* code = #{code}
* resource = #CarePlan
* affectsState = true
* system = false
* type = false
* instance = true

// Who acts for a huvudman at the plan.
RuleSet: ByStaff(text)
* insert In(by, 1, 1, Reference, [[{text}]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)

RuleSet: SipSections
* insert In(title, 0, 1, string, [[Title; Samordnad individuell plan when left out.]])
* insert In(description, 0, 1, string, [[The person's situation, in their own words (R89).]])
* insert In(whatMatters, 0, 1, string, [[What is important to the person: the answer to Vad är viktigt för dig? (R89, R96).]])
* insert In(crisisPlan, 0, 1, string, [[What to do, and whom to turn to, when the person gets worse.]])
* insert In(initiator, 0, 1, Reference, [[Who proposed the plan: anybody may (R82).]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert To(2, Practitioner)
* insert To(3, PractitionerRole)
* insert To(4, Organization)
* insert In(targetGroup, 0, *, code, [[Groups of people, to whom a SIP is suggested, that the person belongs to (R88).]])
* insert Bound([[Canonical(SipTargetGroupVS)]])
* insert In(encounter, 0, 1, Reference, [[The inpatient stay that leads to the plan.]])
* insert To(0, Encounter)
* insert In(consent, 0, 1, Reference, [[The consent the plan rests on; found among the patient's consents when left out (R75).]])
* insert To(0, Consent)
* insert In(careTeam, 0, *, Reference, [[Teams that take part, beside the patient's fixed contacts, which are found.]])
* insert To(0, CareTeam)
* insert In(participant, 0, *, Reference, [[Units and persons that take part, beside those who do something.]])
* insert To(0, Organization)
* insert To(1, PractitionerRole)
* insert To(2, Practitioner)
* insert To(3, CareTeam)
* insert To(4, RelatedPerson)
* insert To(5, Patient)
* insert In(need, 0, *, string, [[A need, in plain words (R76).]])
* insert InGroup(overallResponsible, 0, *, [[The huvudman with overall responsibility: exactly one in an active plan. Two are refused with the paragraph, not with the cardinality.]])
* insert PartOf(huvudman, 1, 1, code, [[region or kommun.]])
* insert PartBound([[Canonical(OverallResponsibleHuvudmanVS)]])
* insert PartOf(organization, 0, 1, Reference, [[The organisation that answers.]])
* insert PartTo(0, Organization)
* insert In(planningResponsible, 0, 1, Reference, [[The person at the overall-responsible huvudman who sees to the plan: planeringsansvarig (R76).]])
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert In(meeting, 0, 1, Reference, [[The SIP meeting.]])
* insert To(0, Appointment)
* insert InGroup(followUp, 0, 1, [[When the plan is followed up (R92).]])
* insert PartOf(date, 1, 1, date, [[The day.]])
* insert PartOf(responsible, 0, 1, Reference, [[Who sees to it; the author, where left out.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Practitioner)
* insert PartTo(2, Organization)
* insert In(status, 0, 1, code, [[draft or active; draft when left out.]])
* insert Bound([[Canonical(NewPlanStatusVS)]])
* insert In(author, 0, 1, Reference, [[Who answers for the plan's text.]])
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert To(2, Organization)
* insert InGroup(goal, 0, *, [[A goal (R89).]])
* insert PartOf(description, 1, 1, string, [[The goal in plain words.]])
* insert PartOf(label, 0, 1, string, [[A short name that activities in this call refer to.]])
* insert PartOf(expressedBy, 0, 1, Reference, [[Whose goal it is; the patient's when left out.]])
* insert PartTo(0, Patient)
* insert PartTo(1, RelatedPerson)
* insert PartTo(2, PractitionerRole)
* insert PartTo(3, Practitioner)
* insert PartOf(due, 0, 1, date, [[When it is to be reached.]])
* insert PartOf(priority, 0, 1, code, [[How important it is.]])
* parameter[=].part[=].binding.strength = #preferred
* parameter[=].part[=].binding.valueSet = $GoalPriorityVS

RuleSet: ActivityParts(min)
* insert PartOf(description, {min}, 1, string, [[What is done, in plain words.]])
* insert PartOf(huvudman, {min}, 1, code, [[Who answers for it: region, kommun or annan.]])
* insert PartBound([[Canonical(HuvudmanVS)]])
* insert PartOf(kind, 0, 1, code, [[What kind of insats it is (R87).]])
* insert PartBound([[Canonical(InsatsKindVS)]])
* insert PartOf(owner, 0, 1, Reference, [[The unit or person who does it (R86).]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Organization)
* insert PartTo(2, CareTeam)
* insert PartTo(3, Practitioner)
* insert PartTo(4, RelatedPerson)
* insert PartTo(5, Patient)
* insert PartOf(period, 0, 1, Period, [[When it is done.]])
* insert PartOf(goal, 0, *, string, [[A goal it serves: the label of a goal in this call, its number counted from 1, or Goal/id.]])

Instance: CarePlan-activate-sip
InstanceOf: OperationDefinition
Usage: #definition
* insert SipOperation(ActivateSip, [[Put a samordnad individuell plan in force]], activate-sip)
* description = "Puts a draft in force, with its goals, or a plan on hold in force again (R75–R77, R90). Refused, with all that the law still misses in one outcome, each with its paragraph. The plan that it replaces is completed, open needs of a plan are met, and the follow-up becomes a task of who sees to it, in the same transaction (R92, R93)."
* insert ByStaff([[Who puts it in force, for the huvudmän.]])
* insert In(at, 0, 1, dateTime, [[When; now when left out.]])
* insert Out(return, 1, 1, CarePlan, [[The plan in force.]])
* insert Out(goal, 0, *, Goal, [[The goals that became active.]])
* insert Out(replaced, 0, *, CarePlan, [[The plan that it replaces, completed.]])
* insert Out(task, 0, *, Task, [[The follow-up to come; needs of a plan that are met; follow-ups of the plan replaced, cancelled.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Advice, with its paragraph.]])

Instance: CarePlan-follow-up-sip
InstanceOf: OperationDefinition
Usage: #definition
* insert SipOperation(FollowUpSip, [[Follow up a samordnad individuell plan]], follow-up-sip)
* description = "Records a follow-up: how far each goal is reached, what came of each activity, and whether the plan goes on, is changed or is closed (R92). The task of this follow-up is completed and the next one is made."
* insert ByStaff([[Who led the follow-up.]])
* insert In(at, 0, 1, dateTime, [[When it was held; now when left out.]])
* insert In(decision, 1, 1, code, [[fortsatt, andras or avslutas. avslutas closes the plan; andras is followed by $revise-sip.]])
* insert Bound([[Canonical(PlanDecisionVS)]])
* insert In(reason, 0, 1, code, [[Why the plan is closed, with avslutas; mal-uppnadda when left out and all goals are reached.]])
* insert Bound([[Canonical(PlanEndReasonVS)]])
* insert In(text, 0, 1, string, [[What was said, in plain words; the person's own view first (R89).]])
* insert In(next, 0, 1, date, [[The day of the next follow-up.]])
* insert In(responsible, 0, 1, Reference, [[Who sees to the next follow-up; as before when left out.]])
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert To(2, Organization)
* insert InGroup(goal, 0, *, [[How far a goal is reached.]])
* insert PartOf(goal, 1, 1, Reference, [[A goal of the plan.]])
* insert PartTo(0, Goal)
* insert PartOf(achievement, 1, 1, code, [[How far it is reached.]])
* insert PartBound([[$GoalAchievementVS]])
* insert PartOf(note, 0, 1, string, [[In plain words.]])
* insert InGroup(activity, 0, *, [[What came of an activity.]])
* insert PartOf(activity, 1, 1, string, [[The id of the activity, or its number counted from 1.]])
* insert PartOf(status, 0, 1, code, [[How far it has come.]])
* insert PartBound([[$ActivityStatusVS]])
* insert PartOf(result, 0, 1, string, [[The result, in plain words.]])
* insert PartOf(note, 0, 1, string, [[A note on how it went.]])
* insert Out(return, 1, 1, CarePlan, [[The plan with the follow-up.]])
* insert Out(goal, 0, *, Goal, [[The goals that changed.]])
* insert Out(task, 0, 1, Task, [[The next follow-up.]])
* insert Out(closedTask, 0, *, Task, [[The task of this follow-up, completed; with avslutas what was still to do, cancelled.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Advice, with its paragraph.]])

Instance: CarePlan-revise-sip
InstanceOf: OperationDefinition
Usage: #definition
* insert SipOperation(ReviseSip, [[Revise a samordnad individuell plan]], revise-sip)
* description = "Makes a new version of a plan in force: a CarePlan that replaces it. What the call does not mention is as before; activities keep their ids (R92, R93). As a draft it stands beside the plan in force until $activate-sip; as active it takes over in the same transaction. A draft is changed in place."
* insert ByStaff([[Who revises it, and is its author unless another is named.]])
* insert In(at, 0, 1, dateTime, [[When; now when left out.]])
* insert SipSections
* insert InGroup(activity, 0, *, [[A new activity; or, with the id of one, what is changed of it (R76).]])
* insert PartOf(activity, 0, 1, string, [[The id of the activity that is changed, or its number counted from 1; without it the activity is new and needs description and huvudman.]])
* insert ActivityParts(0)
* insert In(remove, 0, *, string, [[The id of an activity that is no longer part of the plan, or its number counted from 1.]])
* insert In(removeGoal, 0, *, Reference, [[A goal that is no longer part of the plan.]])
* insert To(0, Goal)
* insert Out(return, 1, 1, CarePlan, [[The new version.]])
* insert Out(changes, 0, *, string, [[What is changed, line by line, in Swedish.]])
* insert Out(goal, 0, *, Goal, [[New goals, and those that ended or became active.]])
* insert Out(replaced, 0, *, CarePlan, [[The version before, completed.]])
* insert Out(task, 0, *, Task, [[The follow-up to come; follow-ups of the version before, cancelled.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[What the law still asks for, and advice, each with its paragraph.]])

Instance: CarePlan-close-sip
InstanceOf: OperationDefinition
Usage: #definition
* insert SipOperation(CloseSip, [[Close a samordnad individuell plan]], close-sip)
* description = "Ends a plan with its reason (R90, R93): completed, or revoked where the person does not want it or it never was in force. Goals that no other plan of the person shares end with it, and so does what was still to do."
* insert In(by, 1, 1, Reference, [[Who closes it: staff, or the person, who may end it at any time (R78).]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert To(2, Patient)
* insert To(3, RelatedPerson)
* insert In(at, 0, 1, dateTime, [[When; now when left out.]])
* insert In(reason, 1, 1, code, [[Why.]])
* insert Bound([[Canonical(PlanEndReasonVS)]])
* insert In(text, 0, 1, string, [[More, in plain words.]])
* insert Out(return, 1, 1, CarePlan, [[The plan as it ends.]])
* insert Out(goal, 0, *, Goal, [[The goals that ended with it.]])
* insert Out(task, 0, *, Task, [[What was still to do, cancelled.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Advice, with its paragraph.]])

Instance: CarePlan-record-plan-copy
InstanceOf: OperationDefinition
Usage: #definition
* insert SipOperation(RecordPlanCopy, [[Record that the person got the plan in writing]], record-plan-copy)
* description = "Who got the written plan, when and how (R81): a Communication, noted on the plan in the same transaction. Refused for anybody who is not the person or a relative of the person (offentlighets- och sekretesslagen 25 kap. 1 § and 26 kap. 1 §)."
* insert ByStaff([[Who gave it.]])
* insert In(to, 1, 1, Reference, [[The person; guardians of a child; another relative only with the person's consent.]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert In(channel, 1, 1, code, [[How: besok, brev, 1177 …]])
* insert Bound([[Canonical(InformationChannelVS)]])
* insert In(at, 0, 1, dateTime, [[When; now when left out.]])
* insert In(document, 0, 1, Attachment, [[The document as it was given; kept as a DocumentReference.]])
* insert Out(return, 1, 1, CarePlan, [[The plan, with copy-given.]])
* insert Out(communication, 1, 1, Communication, [[That it was given.]])
* insert Out(document, 0, 1, DocumentReference, [[The document.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Advice, with its paragraph.]])
