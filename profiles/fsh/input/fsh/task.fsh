// Task: what somebody has to do before a day: answer a kallelse, decide a change, follow up.

RuleSet: TaskElements
* insert Element(identifier, [[Identity in the source system.]])
* insert Element(basedOn, [[The plan it comes from.]])
* insert Element(status, [[`requested`, `accepted`, `rejected`, `completed` … R91]])
* insert Element(statusReason, [[Why it was rejected. R83]])
* insert Element(intent, [[`order`.]])
* intent = #order
* code 1..1
* insert Element(code, [[Which kind of task.]])
* focus 1..1
* insert Element(focus, [[What it is about.]])
* for 1..1
* for only Reference(Patient)
* insert Element(for, [[The person.]])
* authoredOn 1..1
* insert Element(authoredOn, [[When it was asked: deadlines are counted and shown from here. R65]])
* requester 1..1
* insert Element(requester, [[Who asks.]])
* owner 1..1
* insert Element(owner, [[Who is to do it.]])
* insert Element(note, [[Remarks.]])
* insert Element(output, [[What came of it.]])
* obeys tk-1

RuleSet: Deadline
* restriction 1..1
* insert Element(restriction, [[By when.]])
* restriction.period 1..1
* insert Element(restriction.period, [[The time it may take.]])
* restriction.period.end 1..1
* insert Element(restriction.period.end, [[The deadline. R65, R73]])
* obeys tk-2

Invariant: tk-1
Description: "A rejected task says why: to refuse a SIP or a part in it is an exception that is documented (R83, R91)."
Severity: #error
Expression: "status = 'rejected' implies statusReason.exists()"

Invariant: tk-2
Description: "The deadline is not before the task was asked for (R65)."
Severity: #error
Expression: "(restriction.period.end < authoredOn).not()"

Profile: KallelseTask
Parent: Task
Id: kallelse-task
Title: "Kallelse to a SIP meeting"
Description: "The kallelse to one actor: one Task for each, so that answers are tracked (R65, R84, R90, R91; lagen 2017:612, 4 kap.)."
* insert Metadata
* insert TaskElements
* insert Deadline
* code = TaskCodeCS#kallelse
* code ^short = "`kallelse`."
* insert Element(groupIdentifier, [[The same for all kallelser to one meeting. R91]])
* description 1..1
* insert Element(description, [[Questions and agenda. R91]])
* focus only Reference(SipAppointment or SipCarePlan)
* focus ^short = "The meeting, or the plan where no time is set yet. R91"
* insert Element(encounter, [[The inpatient stay, when the kallelse follows from a discharge. R65]])
* requester only Reference(PractitionerRole or Organization)
* requester ^short = "The fast vårdkontakt, or the unit. R65"
* owner ^short = "The actor called: a unit, a person in it, a relative. R84, R91"

Profile: ChangeRequestTask
Parent: Task
Id: change-request-task
Title: "Request for another contact"
Description: "That the patient or staff ask for another fixed contact, to be decided by the verksamhetschef with the medicinskt ledningsansvarig läkare (R46). The decision is then written to the assignment in change-decision."
* insert Metadata
* insert TaskElements
* code = TaskCodeCS#byte-av-kontakt
* code ^short = "`byte-av-kontakt`."
* focus only Reference(SECareTeamFastKontakt)
* focus ^short = "The assignment. R46"
* requester only Reference(Patient or RelatedPerson or PractitionerRole or Practitioner)
* requester ^short = "The patient, a relative for the patient, or staff. R46"
* owner only Reference(PractitionerRole or Practitioner or Organization)
* owner ^short = "The verksamhetschef, or the unit. R46"
* reasonCode 1..1
* insert Element(reasonCode, [[Why, in words at least. R46]])
* insert Element(businessStatus, [[How far the decision has come.]])

Profile: DischargeTask
Parent: Task
Id: discharge-task
Title: "Task of the discharge process"
Description: "What a unit has to do before the patient goes home: begin to plan, appoint a fast vårdkontakt (R59, R60; lagen 2017:612, 2 kap. 4 and 5 §§). An accepted task is the receipt of the inskrivningsmeddelande."
* insert Metadata
* insert TaskElements
* code from DischargeTaskVS (required)
* code ^short = "`planering` or `utse-kontakt`. R59, R60"
* focus only Reference(SEEncounterSluten or Patient or CareTeam)
* focus ^short = "The stay."
* encounter 1..1
* insert Element(encounter, [[The stay.]])
* requester only Reference(PractitionerRole or Organization)
* requester ^short = "The ward."
* owner only Reference(Organization or PractitionerRole)
* owner ^short = "The unit that got the inskrivningsmeddelande."
* insert Element(restriction.period.end, [[By when: the expected discharge. R60]])

Profile: SipNeedTask
Parent: Task
Id: sip-need-task
Title: "Need of a SIP"
Description: "That somebody has assessed, or proposed, that a person needs a SIP; one huvudman's assessment obliges both. Refused only with a reason (R75, R82, R83)."
* insert Metadata
* extension contains SipTargetGroup named sip-target-group 0..* MS
* extension[sip-target-group] ^short = "Of those to whom a SIP is suggested. R88"
* insert TaskElements
* code = TaskCodeCS#sip-behov
* code ^short = "`sip-behov`."
* focus ^short = "The person, and the plan once there is one."
* requester ^short = "Who assessed or proposed: staff, the person, a relative, school, Försäkringskassan … R82"
* owner ^short = "The unit that is to see to it. R75"
* businessStatus 1..1
* businessStatus from SipNeedKindVS (required)
* insert Element(businessStatus, [[Assessed by a huvudman, which obliges, or proposed by somebody else. R75, R82]])
* reasonCode 1..1
* insert Element(reasonCode, [[Why a plan is needed, in words at least.]])

CodeSystem: SipNeedKindCS
Id: sip-need-kind
Title: "Bedömt eller föreslaget behov"
Description: "Whether a huvudman has assessed the need of a SIP, or somebody proposed one (R75, R82)."
* insert SwedishCodes
* #bedomt "Bedömt av en huvudman" "Förpliktar både regionen och kommunen (R75)."
* #foreslaget "Föreslaget"

ValueSet: SipNeedKindVS
Id: sip-need-kind
Title: "Bedömt eller föreslaget behov"
Description: "Whether the need was assessed or proposed."
* insert AllOf(SipNeedKindCS)

ValueSet: DischargeTaskVS
Id: discharge-task
Title: "Uppgifter inför utskrivning"
Description: "What a unit has to do before the patient goes home."
* insert Metadata
* TaskCodeCS#planering
* TaskCodeCS#utse-kontakt

Profile: FollowUpTask
Parent: Task
Id: follow-up-task
Title: "Follow-up"
Description: "That a named person follows up a plan, or assesses again whether a contact is needed (R20, R92)."
* insert Metadata
* insert TaskElements
* insert Deadline
* code from FollowUpCodeVS (required)
* code ^short = "`uppfoljning` of a plan, `omprovning` of the need of a contact. R20, R92"
* focus only Reference(CarePlan or CareTeam)
* focus ^short = "The plan, or the assignment."
* owner only Reference(PractitionerRole or Practitioner)
* owner ^short = "The named person responsible. R92"
