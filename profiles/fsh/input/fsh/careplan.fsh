// The samordnad individuell plan and its goals.

Profile: SipCarePlan
Parent: CarePlan
Id: sip-careplan
Title: "Samordnad individuell plan (SIP)"
Description: "The plan that region and municipality make together with a person who needs both (HSL 16 kap. 4 §, SoL 10 kap. 8–9 §§). A draft may be incomplete; the invariants say what an active plan must hold."
* insert Metadata
* extension contains
    OverallResponsible named overall-responsible 0..* MS and
    FollowUp named follow-up 0..1 MS and
    SipNeed named sip-need 0..* MS and
    SipInitiator named sip-initiator 0..1 MS and
    SipMeeting named sip-meeting 0..* MS and
    CopyGiven named copy-given 0..* MS and
    LegalBasis named legal-basis 0..* MS and
    InternalNote named internal-note 0..* MS and
    SipTargetGroup named sip-target-group 0..* MS and
    WhatMatters named what-matters 0..1 MS and
    CrisisPlan named crisis-plan 0..1 MS and
    PlanEvaluation named plan-evaluation 0..* MS and
    PlanEnd named plan-end 0..1 MS and
    $ApprovedForPatient named approved-for-patient 0..1 MS
* extension[sip-target-group] ^short = "Whom the plan is for, of those to whom one is suggested. R88"
* extension[what-matters] ^short = "Vad är viktigt för mig, in the person's own words. R89, R96"
* extension[crisis-plan] ^short = "What to do when the person gets worse."
* extension[plan-evaluation] ^short = "Each follow-up and what it decided. R92"
* extension[plan-end] ^short = "Why the plan was closed. R90, R93"
* extension[overall-responsible] ^short = "Region or kommun; exactly one, says the law and not the profile, so that a second is refused with its paragraph. R76"
* extension[follow-up] ^short = "The day, and who sees to it. R92"
* extension[sip-need] ^short = "Needs in plain words."
* extension[sip-initiator] ^short = "Who proposed the plan: anybody may. R82"
* extension[sip-meeting] ^short = "The meetings. R91"
* extension[copy-given] ^short = "The written copy to the person. R81"
* extension[legal-basis] ^short = "Old and new paragraph."
* extension[internal-note] ^short = "For staff only, never shown to the person. R114"
* extension[approved-for-patient] ^short = "Inera's extension: false keeps it out of patient access. R113"
* identifier MS
* identifier ^short = "The plan's identity in the source system (documentId of GetCarePlans)."
* partOf MS
* partOf ^short = "The patientkontrakt. R95"
* replaces MS
* replaces ^short = "The version it revises. R93"
* status MS
* status ^short = "draft, active, on-hold, revoked, completed. R93"
* intent MS
* intent = #plan
* intent ^short = "Always `plan`."
* category 1..1 MS
* category = $TypeOfCarePlan#SIP
* category from $TypeOfCarePlanVS (required)
* category ^short = "`SIP` of Inera's typeofcareplan-cs."
* title 1..1 MS
* title ^short = "GetCarePlans asks for one."
* description MS
* description ^short = "The person's situation and what matters to them. R89, R96"
* subject MS
* subject only Reference(Patient)
* subject ^short = "The person, always a Patient."
* encounter MS
* encounter ^short = "The stay that led to the plan."
* period MS
* period ^short = "Start, and end once closed."
* created MS
* created ^short = "When it was made."
* author MS
* author ^short = "Who answers for the text. R112"
* contributor MS
* contributor ^short = "All units that take part."
* careTeam MS
* careTeam ^short = "Contacts and teams."
* addresses MS
* addresses ^short = "Conditions."
* supportingInfo MS
* supportingInfo ^short = "The consent the plan rests on, and plans it links to and does not repeat. R75, R85"
* goal MS
* goal only Reference(SipGoal)
* goal ^short = "The goals. R89"
* activity MS
* activity ^short = "What is done. R76, R87"
* activity.extension contains Huvudman named huvudman 0..1 MS
* activity.extension[huvudman] ^short = "Who answers for it. R76"
* activity.id ^short = "Stays the same in every version and on every server, so that an activity can be told."
* activity.outcomeCodeableConcept MS
* activity.outcomeCodeableConcept ^short = "The result, as the follow-up found it. R92"
* activity.progress MS
* activity.progress ^short = "Notes on how it went. R92"
* activity.reference MS
* activity.reference ^short = "Instead of detail, where the activity is a resource of its own."
* activity.detail MS
* activity.detail ^short = "The activity in place."
* activity.detail.code MS
* activity.detail.code from InsatsKindVS (preferred)
* activity.detail.code ^short = "What kind of insats: health care, rehabilitation, aids, SoL, LSS … R87"
* activity.detail.goal MS
* activity.detail.goal ^short = "The goals it serves. R89"
* activity.detail.status MS
* activity.detail.status ^short = "How far it has come."
* activity.detail.scheduled[x] MS
* activity.detail.scheduled[x] ^short = "From when, until when."
* activity.detail.performer MS
* activity.detail.performer ^short = "The unit or person who does it."
* activity.detail.description MS
* activity.detail.description ^short = "In plain words."
* note MS
* note ^short = "Notes that the person may read."
* activity.detail obeys cp-9
* obeys cp-1 and cp-2 and cp-3 and cp-4 and cp-7

Invariant: cp-1
Description: "An active SIP points to the person's consent (SoL 10 kap. 8 §, HSL 16 kap. 4 §)."
Severity: #error
Expression: "status = 'active' implies supportingInfo.where(type = 'Consent' or reference.matches('(^|/)Consent/')).exists()"

Invariant: cp-2
Description: "An active SIP says which huvudman answers for each activity, with at least one of the region and one of the municipality (SoL 10 kap. 8 §, HSL 16 kap. 4 §)."
Severity: #error
Expression: "status = 'active' implies (activity.where(extension.where(url = '{{canonical}}/StructureDefinition/huvudman').empty()).empty() and activity.extension.where(url = '{{canonical}}/StructureDefinition/huvudman' and value = 'region').exists() and activity.extension.where(url = '{{canonical}}/StructureDefinition/huvudman' and value = 'kommun').exists())"

Invariant: cp-3
Description: "An active SIP says which one of region and municipality has overall responsibility (SoL 10 kap. 8 §, HSL 16 kap. 4 §)."
Severity: #error
Expression: "status = 'active' implies extension.where(url = '{{canonical}}/StructureDefinition/overall-responsible').count() = 1"

Invariant: cp-4
Description: "An active SIP has a goal, an author and a start (R89, R93)."
Severity: #error
Expression: "status = 'active' implies (goal.exists() and author.exists() and period.start.exists())"

Invariant: cp-7
Description: "An active SIP says when it is followed up and by whom (R92)."
Severity: #warning
Expression: "status = 'active' implies extension.where(url = '{{canonical}}/StructureDefinition/follow-up').extension.where(url = 'responsible').exists()"

Invariant: cp-9
Description: "An activity says in words or by code what is to be done (R76; SoL 10 kap. 8 §, HSL 16 kap. 4 §)."
Severity: #error
Expression: "description.exists() or code.exists()"

Profile: SipGoal
Parent: Goal
Id: sip-goal
Title: "Goal of a SIP"
Description: "What the person, or those who help, want to reach (R89)."
* insert Metadata
* lifecycleStatus MS
* lifecycleStatus ^short = "`proposed` in a draft, `active` in an active plan."
* priority MS
* priority ^short = "How important it is."
* description MS
* description ^short = "The goal."
* description.text 1..1 MS
* description.text ^short = "In plain words, the person's own. R89"
* subject MS
* subject only Reference(Patient)
* subject ^short = "The person."
* start[x] MS
* start[x] ^short = "From when."
* target MS
* target ^short = "What counts as reached."
* target.due[x] MS
* target.due[x] only date
* target.due[x] ^short = "By when, as a day."
* achievementStatus MS
* achievementStatus ^short = "How far the goal is reached, as the follow-up found it. R92"
* statusDate MS
* statusDate ^short = "When the status was set; used in follow-up."
* expressedBy MS
* expressedBy ^short = "Whose goal it is: the person's, a relative's, a professional's. R89"
* addresses MS
* addresses ^short = "Conditions it concerns."
* note MS
* note ^short = "Follow-up notes."

Extension: OverallResponsible
Id: overall-responsible
Title: "Overall responsible"
Description: "Which huvudman has overall responsibility for the plan (R76; SoL 10 kap. 8 §, HSL 16 kap. 4 §)."
Context: CarePlan
* insert Metadata
* extension contains huvudman 1..1 MS and organization 0..1 MS and person 0..1 MS
* insert Part(person, [[The person who sees to it: planeringsansvarig]])
* extension[person].value[x] only Reference(PractitionerRole or Practitioner)
* insert Part(huvudman, [[Region or municipality]])
* extension[huvudman].value[x] only code
* extension[huvudman].valueCode from OverallResponsibleHuvudmanVS (required)
* insert Part(organization, [[The organisation that answers]])
* extension[organization].value[x] only Reference(Organization)

Extension: FollowUp
Id: follow-up
Title: "Follow-up"
Description: "When the plan is followed up, and who sees to it (R92)."
Context: CarePlan
* insert Metadata
* extension contains date 1..1 MS and responsible 0..1 MS
* insert Part(date, [[The day]])
* extension[date].value[x] only date
* insert Part(responsible, [[Who sees to it]])
* extension[responsible].value[x] only Reference(PractitionerRole or Practitioner or Organization)

Extension: SipNeed
Id: sip-need
Title: "Need"
Description: "A need the plan meets, in plain words."
Context: CarePlan
* insert Metadata
* value[x] 1..1
* value[x] only string

Extension: SipInitiator
Id: sip-initiator
Title: "Initiator"
Description: "Who proposed the plan (R82)."
Context: CarePlan
* insert Metadata
* value[x] 1..1
* value[x] only Reference(Patient or RelatedPerson or Practitioner or PractitionerRole or Organization)

Extension: SipMeeting
Id: sip-meeting
Title: "Meeting"
Description: "The meeting where the plan is made or followed up (R91)."
Context: CarePlan
* insert Metadata
* value[x] 1..1
* value[x] only Reference(Appointment)

Extension: CopyGiven
Id: copy-given
Title: "Copy given"
Description: "That the person got the plan in writing: when, who, how (R81)."
Context: CarePlan
* insert Metadata
* extension contains at 1..1 MS and to 1..1 MS and channel 0..1 MS
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime
* insert Part(to, [[Who got it]])
* extension[to].value[x] only Reference(Patient or RelatedPerson)
* insert Part(channel, [[How]])
* extension[channel].value[x] only code
* extension[channel].valueCode from InformationChannelVS (required)
