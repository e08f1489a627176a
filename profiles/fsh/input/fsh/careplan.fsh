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
    $ApprovedForPatient named approved-for-patient 0..1 MS
* identifier MS
* partOf MS
* partOf ^short = "The patientkontrakt that holds the person's plans together (R95)"
* replaces MS
* replaces ^short = "The version this plan revises (R93)"
* status MS
* intent MS
* intent = #plan
* category 1..1 MS
* category = $TypeOfCarePlan#SIP
* category from $TypeOfCarePlanVS (required)
* title 1..1 MS
* description MS
* description ^short = "The person's situation and what matters to them, in their words (R89, R96)"
* subject MS
* subject only Reference(Patient)
* encounter MS
* encounter ^short = "The inpatient stay that led to the plan"
* period MS
* created MS
* author MS
* contributor MS
* contributor ^short = "All units that take part"
* careTeam MS
* addresses MS
* supportingInfo MS
* supportingInfo ^short = "The consent the plan rests on (R75), and other plans it links to (R85)"
* goal MS
* goal ^short = "Goals, the person's own first (R89)"
* activity MS
* activity ^short = "Who does what: insatser of region and municipality, and measures by others (R76)"
* activity.extension contains Huvudman named huvudman 0..1 MS
* activity.reference MS
* activity.detail MS
* activity.detail.goal MS
* activity.detail.status MS
* activity.detail.scheduled[x] MS
* activity.detail.performer MS
* activity.detail.description MS
* note MS
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

Profile: SipGoal
Parent: Goal
Id: sip-goal
Title: "Goal of a SIP"
Description: "What the person, or those who help, want to reach (R89)."
* insert Metadata
* lifecycleStatus MS
* priority MS
* description MS
* description.text 1..1 MS
* description.text ^short = "The goal in plain words"
* subject MS
* subject only Reference(Patient)
* start[x] MS
* target MS
* target.due[x] MS
* target.due[x] only date
* statusDate MS
* expressedBy MS
* expressedBy ^short = "Whose goal it is (R89)"
* addresses MS
* note MS

Extension: OverallResponsible
Id: overall-responsible
Title: "Overall responsible"
Description: "Which huvudman has overall responsibility for the plan (R76; SoL 10 kap. 8 §, HSL 16 kap. 4 §)."
Context: CarePlan
* insert Metadata
* extension contains huvudman 1..1 MS and organization 0..1 MS
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
