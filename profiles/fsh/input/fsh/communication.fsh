// Communication: the messages of the discharge process, information to the patient, copies of plans.

RuleSet: CommunicationElements
* insert Element(identifier, [[Identity in the source system.]])
* insert Element(inResponseTo, [[The message this one answers or changes.]])
* insert Element(status, [[`completed` once sent; `in-progress` before.]])
* category 1..1
* insert Element(category, [[Which kind of message.]])
* insert Element(medium, [[How.]])
* subject 1..1
* subject only Reference(Patient)
* insert Element(subject, [[Whom it is about.]])
* insert Element(sent, [[When it was sent; needed once completed.]])
* insert Element(received, [[When it was received: the kvittens.]])
* recipient 1..*
* insert Element(recipient, [[Who gets it.]])
* insert Element(sender, [[Who sends it.]])
* insert Element(payload, [[What it says.]])
* obeys cm-1

Invariant: cm-1
Description: "What was said or sent has its time: deadlines are counted from it (R57, R61, R81)."
Severity: #error
Expression: "status = 'completed' implies sent.exists()"

Profile: DischargeCommunication
Parent: Communication
Id: discharge-communication
Title: "Message of the discharge process"
Description: "Inskrivningsmeddelande, changed expected discharge, utskrivningsklar, withdrawn, utskrivningsinformation: who was told what, when, and when they confirmed (R55–R63; lagen 2017:612, 2 and 3 kap.)."
* insert Metadata
* insert CommunicationElements
* category from DischargeMessageVS (required)
* category ^short = "Which of the messages. R55, R58, R61–R63"
* encounter 1..1
* encounter only Reference(SEEncounterSluten)
* insert Element(encounter, [[The stay, with its timeline.]])
* recipient only Reference(Organization or PractitionerRole or CareTeam)
* recipient ^short = "The units concerned. R55"
* sender 1..1
* sender only Reference(PractitionerRole or Organization)
* sender ^short = "The ward, or who sends for it. R55"
* payload 1..*
* payload ^short = "The text, a document, or a reference. R56, R63"

Profile: PatientInformationCommunication
Parent: Communication
Id: patient-information-communication
Title: "Information to the patient"
Description: "That the patient was told: that a fixed contact is possible, who it is and how to reach them, and in writing what was done at discharge (R9–R11, R64; patientlagen 3 kap.)."
* insert Metadata
* insert CommunicationElements
* category from PatientInformationVS (required)
* category ^short = "What the information is about. R9, R10, R64"
* medium 1..*
* medium from InformationChannelVS (extensible)
* medium ^short = "Visit, phone, letter, 1177 … R10"
* insert Element(about, [[The assignment, the plan.]])
* recipient only Reference(Patient or RelatedPerson)
* recipient ^short = "The patient; relatives when the patient can't receive it. R11"
* sender 1..1
* sender only Reference(PractitionerRole or Practitioner or Organization)
* sender ^short = "Who informed. R10"
* insert Element(reasonCode, [[Why relatives were informed instead. R11]])
* obeys cm-2

Invariant: cm-2
Description: "Where only relatives were informed, say why the patient was not (R11; patientlagen 3 kap. 4 §)."
Severity: #warning
Expression: "(recipient.where(type = 'RelatedPerson' or reference.matches('(^|/)RelatedPerson/')).exists() and recipient.where(type = 'Patient' or reference.matches('(^|/)Patient/')).empty()) implies reasonCode.exists()"

Profile: PlanCopyCommunication
Parent: Communication
Id: plan-copy-communication
Title: "Copy of a plan"
Description: "That the person got the SIP in writing (R81)."
* insert Metadata
* insert CommunicationElements
* category = CommunicationCategoryCS#plankopia
* category ^short = "`plankopia`."
* medium 1..*
* medium from InformationChannelVS (extensible)
* medium ^short = "Letter, 1177, by hand at a visit. R81"
* about 1..*
* about only Reference(CarePlan)
* insert Element(about, [[The plan.]])
* recipient only Reference(Patient or RelatedPerson)
* recipient ^short = "The person, or guardians. R80, R81"
* payload.content[x] MS
* payload.content[x] ^short = "The written plan, as DocumentReference or Attachment."
