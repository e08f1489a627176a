// The operations before and around a SIP meeting: the need, the refusal, the kallelse and its answers.

RuleSet: MeetingOperation(name, title, code, type)
* insert InstanceMetadata
* name = "{name}"
* title = "{title}"
* kind = #operation
* code = #{code}
* resource = #{type}
* system = false

RuleSet: NeedNotedBy
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert To(2, Organization)
* insert To(3, Patient)
* insert To(4, RelatedPerson)

RuleSet: MeetingWarnings
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings of the law, code business-rule, and advice, code informational, each with its paragraph.]])

Instance: Patient-note-sip-need
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(NoteSipNeed, [[Note the need of a SIP]], note-sip-need, Patient)
* affectsState = true
* type = false
* instance = true
* description = "Notes that somebody assessed, or proposed, that a person needs a SIP: one Task for each unit that is to see to it (R75, R82, R88). What a region or a municipality assesses obliges both, so both get a Task; anybody may propose. Refused, with the paragraph named: an assessment by somebody who is no huvudman, and one that only one huvudman would hear of. Two identical calls leave one need."
* insert In(by, 1, 1, Reference, [[Who assessed or proposed: staff, a unit, the person, a relative, school (R82).]])
* insert NeedNotedBy
* insert In(kind, 0, 1, code, [[bedomt or foreslaget; when left out, bedomt where by belongs to a region or a municipality, else foreslaget.]])
* insert Bound([[Canonical(SipNeedKindVS)]])
* insert In(reason, 1, 1, string, [[Why a plan is needed, in plain words.]])
* insert In(targetGroup, 0, *, code, [[Which groups the person belongs to, of those to whom a SIP is suggested (R88).]])
* insert Bound([[Canonical(SipTargetGroupVS)]])
* insert In(owner, 0, *, Reference, [[Units that are to see to it. Where none of the region's, or none of the municipality's, is named, the units of the person's fixed contacts there get it.]])
* insert To(0, Organization)
* insert In(meetingWish, 0, 1, string, [[What the person wishes of the meeting: where, when, with whom (R79).]])
* insert Out(return, 1, 1, Task, [[The need, at the unit that is to see to it: of an assessment, on the assessing huvudman's side.]])
* insert Out(task, 0, *, Task, [[The same need at the other units: of an assessment, the other huvudman's among them.]])
* insert MeetingWarnings

Instance: Task-refuse-sip
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(RefuseSip, [[Refuse to make a SIP]], refuse-sip, Task)
* affectsState = true
* type = false
* instance = true
* description = "Refuses a proposed SIP, with the reason documented (R83), or takes an assessment back. Refused, with the paragraph named: to refuse what the other huvudman has assessed, which obliges both (R75), and a refusal by somebody outside the unit that was asked."
* insert In(by, 1, 1, Reference, [[Who decides, for the unit that was asked.]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert In(reason, 1, 1, string, [[Why no plan is made; the person and who proposed it may ask.]])
* insert Out(return, 1, 1, Task, [[The need, rejected.]])
* insert Out(task, 0, *, Task, [[The same need at other units, cancelled because who assessed it takes it back.]])
* insert MeetingWarnings

Instance: Patient-sip-suggestion
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(SipSuggestion, [[Suggest a SIP]], sip-suggestion, Patient)
* affectsState = false
* type = false
* instance = true
* description = "Which of the groups to whom a SIP is suggested a person seems to belong to, and what says so (R88): conditions in force, the criteria of fixed contacts, age. Beside it what there is already: plans, consents, needs, and whether region and municipality have contacts for the person. A suggestion, no decision: staff assess, and the person decides."
* insert Out(suggested, 1, 1, boolean, [[Whether a group fits and there is no active or drafted SIP.]])
* insert OutGroup(targetGroup, 0, *, [[A group that fits.]])
* insert OutPart(group, 1, 1, Coding, [[Of sip-target-group.]])
* insert OutPart(why, 1, *, string, [[What speaks for it.]])
* insert OutPart(evidence, 0, *, Reference, [[The conditions and contacts that say so.]])
* insert PartTo(0, Condition)
* insert PartTo(1, CareTeam)
* insert Out(plan, 0, *, Reference, [[Active, drafted and paused SIPs.]])
* insert To(0, CarePlan)
* insert Out(consent, 0, *, Reference, [[What the person said of a SIP: consents in force, also those that deny.]])
* insert To(0, Consent)
* insert Out(consentDecision, 0, 1, code, [[permit or deny: what the consents in force say; absent where the person has not been asked.]])
* insert Out(need, 0, *, Reference, [[Needs that wait for a plan.]])
* insert To(0, Task)
* insert Out(region, 1, 1, boolean, [[Whether a unit of the region has a fixed contact for the person.]])
* insert Out(kommun, 1, 1, boolean, [[Whether a unit of the municipality has one.]])

Instance: CarePlan-call-sip-meeting
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(CallSipMeeting, [[Call to a SIP meeting]], call-sip-meeting, CarePlan)
* affectsState = true
* type = false
* instance = true
* description = "Calls to the meeting where a SIP is made or followed up: one Appointment, one Task for each actor, so that answers are tracked, and the meeting in the plan (R65, R66, R79, R84, R90, R91). The person is always called, and a child's guardians (R80). Refused, with the paragraph named: an actor that the person's consent does not take in, and a call without consent. Late against the three days after utskrivningsklar: a warning."
* insert In(by, 1, 1, Reference, [[Who calls: after a discharge the fast vårdkontakt in the region's open care (R65).]])
* insert To(0, PractitionerRole)
* insert In(start, 0, 1, dateTime, [[When; a meeting without a time is proposed.]])
* insert In(end, 0, 1, dateTime, [[Until when; an hour after start when left out.]])
* insert In(form, 1, 1, code, [[hemma, digitalt, mottagning or blandat (R66, R91).]])
* insert Bound([[Canonical(MeetingFormVS)]])
* insert In(place, 0, 1, string, [[The address in words.]])
* insert In(video, 0, 1, url, [[The link to the digital meeting.]])
* insert In(agenda, 1, 1, string, [[What the meeting is about.]])
* insert In(question, 0, *, string, [[A question for the meeting (R91).]])
* insert In(actor, 0, *, Reference, [[Whom to call beside the person. When left out: who the plan names. Also actors who do not know the person yet, with consent (R84).]])
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert To(2, Organization)
* insert To(3, RelatedPerson)
* insert In(answerBy, 0, 1, date, [[The last day to answer; when left out, the setting's days from now, at the latest the day before the meeting.]])
* insert In(encounter, 0, 1, Reference, [[The inpatient stay that the call follows from (R65); that of the plan at its first meeting, when left out.]])
* insert To(0, Encounter)
* insert In(instruction, 0, 1, string, [[What the person is told, in plain words (R79).]])
* insert In(at, 0, 1, dateTime, [[When the call was sent, if not now. Not ahead: the three days are counted to it (R65).]])
* insert Out(return, 1, 1, Appointment, [[The meeting.]])
* insert Out(task, 0, *, Task, [[The kallelse to each actor.]])
* insert Out(plan, 1, 1, CarePlan, [[The plan, with the meeting.]])
* insert MeetingWarnings

Instance: Task-answer-call
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(AnswerCall, [[Answer a kallelse]], answer-call, Task)
* affectsState = true
* type = false
* instance = true
* description = "Answers the kallelse to a SIP meeting (R91). A no says why. The last answer counts, until the meeting is called off or held. A unit says who comes for it. When all have said yes to a time, the meeting is booked."
* insert In(answer, 1, 1, code, [[accepted, declined or tentative.]])
* insert Bound([[Canonical(CallAnswerVS)]])
* insert In(by, 0, 1, Reference, [[Who answers; the actor called when left out.]])
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert To(2, Organization)
* insert To(3, Patient)
* insert To(4, RelatedPerson)
* insert In(reason, 0, 1, string, [[Why not, or what else the caller should know; required with declined.]])
* insert In(representative, 0, 1, Reference, [[Who comes for the unit that was called.]])
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert In(at, 0, 1, dateTime, [[When the answer came, if not now. Not ahead.]])
* insert Out(return, 1, 1, Task, [[The kallelse with its answer.]])
* insert Out(appointment, 0, 1, Appointment, [[The meeting, as it stands now.]])
* insert MeetingWarnings

Instance: Appointment-meeting-answers
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(MeetingAnswers, [[Who has answered the kallelse]], meeting-answers, Appointment)
* affectsState = false
* type = false
* instance = true
* description = "Who has been called to a SIP meeting and what they answered, those who have not first (R91). Also as a page: _format=html."
* insert Out(status, 1, 1, code, [[The meeting's status.]])
* insert Out(start, 0, 1, dateTime, [[When it is.]])
* insert Out(unanswered, 1, 1, unsignedInt, [[How many have not answered.]])
* insert OutGroup(actor, 0, *, [[An actor that was called.]])
* insert OutPart(actor, 1, 1, Reference, [[Who.]])
* insert PartTo(0, Organization)
* insert PartTo(1, PractitionerRole)
* insert PartTo(2, Practitioner)
* insert PartTo(3, RelatedPerson)
* insert PartTo(4, Patient)
* insert OutPart(task, 1, 1, Reference, [[The kallelse.]])
* insert PartTo(0, Task)
* insert OutPart(answer, 1, 1, code, [[needs-action, accepted, declined or tentative.]])
* insert OutPart(since, 1, 1, dateTime, [[Since when the answer stands; without one, when the kallelse was sent.]])
* insert OutPart(reason, 0, 1, string, [[What was said with the answer.]])
* insert OutPart(representative, 0, 1, Reference, [[Who comes for the unit.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Practitioner)
* insert OutPart(deadline, 0, 1, dateTime, [[The last day to answer.]])
* insert OutPart(overdue, 1, 1, boolean, [[Whether that has passed without an answer.]])
* insert OutPart(reminded, 0, *, dateTime, [[When a reminder was sent.]])

Instance: Appointment-remind-call
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(RemindCall, [[Remind those who have not answered]], remind-call, Appointment)
* affectsState = true
* type = false
* instance = true
* description = "Reminds each actor who has not answered the kallelse to a SIP meeting, at most once a day (R91)."
* insert In(by, 1, 1, Reference, [[Who reminds.]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert In(at, 0, 1, dateTime, [[When; now when left out. Not ahead.]])
* insert Out(return, 0, *, Communication, [[The reminders that were sent.]])
* insert MeetingWarnings

Instance: Appointment-cancel-sip-meeting
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(CancelSipMeeting, [[Call off a SIP meeting]], cancel-sip-meeting, Appointment)
* affectsState = true
* type = false
* instance = true
* description = "Calls off a SIP meeting and withdraws the kallelser to it, with the reason (R91)."
* insert In(by, 1, 1, Reference, [[Who calls it off.]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert In(reason, 1, 1, string, [[Why; those who were called read it.]])
* insert Out(return, 1, 1, Appointment, [[The meeting, cancelled.]])
* insert Out(task, 0, *, Task, [[The kallelser, cancelled.]])
* insert MeetingWarnings

Instance: CarePlan-meeting-form
InstanceOf: OperationDefinition
Usage: #definition
* insert MeetingOperation(MeetingForm, [[The form for a SIP meeting]], meeting-form, CarePlan)
* affectsState = false
* type = true
* instance = true
* description = "The form to write on at a SIP meeting, with all sections of a SIP: filled in from the plan at [id], else blank. A page, _format=html, or a document to print, _format=pdf."
* insert Out(return, 1, 1, Binary, [[The form, text/html or application/pdf.]])

ValueSet: CallAnswerVS
Id: call-answer
Title: "Svar på en kallelse"
Description: "What an actor may answer to a kallelse (R91)."
* insert Metadata
* http://hl7.org/fhir/participationstatus#accepted
* http://hl7.org/fhir/participationstatus#declined
* http://hl7.org/fhir/participationstatus#tentative
