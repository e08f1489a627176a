// Encounter: inpatient care with the timeline of the discharge process.

Profile: SEEncounterSluten
Parent: Encounter
Id: sluten-encounter
Title: "Inpatient stay with discharge timeline"
Description: "Sluten vård with the times that lagen (2017:612) counts from (R54–R62)."
* insert Metadata
* extension contains
    ExpectedDischarge named expected-discharge 0..* MS and
    NeedAssessedAt named need-assessed-at 0..1 MS and
    AdmissionNoticeSent named admission-notice-sent 0..* MS and
    DischargeReady named discharge-ready 0..* MS and
    DischargeReadyWithdrawn named discharge-ready-withdrawn 0..* MS and
    CompulsoryCare named compulsory-care 0..1 MS and
    NeedsAfterDischarge named needs-after-discharge 0..* MS and
    InformationTransferred named information-transferred 0..* MS and
    WrittenInformation named written-information 0..* MS
* extension[compulsory-care] ^short = "LPT or LRV: such a discharge has its own track. R67"
* extension[needs-after-discharge] ^short = "Whose insatser are needed afterwards; of both region and municipality: a SIP. R54, R65"
* extension[information-transferred] ^short = "The information to those who take over, the same day at the latest. R63"
* extension[written-information] ^short = "The written information to the patient. R64"
* extension[expected-discharge] ^short = "Expected time and when it was said; the latest holds. R56, R58"
* extension[need-assessed-at] ^short = "When a later found need starts the 24 hours. R57"
* extension[admission-notice-sent] ^short = "Inskrivningsmeddelande: when, by whom, to which units. R55–R57"
* extension[discharge-ready] ^short = "Utskrivningsklar: starts the clocks. R61, R65, R70"
* extension[discharge-ready-withdrawn] ^short = "Resets the clocks. R62"
* identifier MS
* identifier ^short = "Identity in the source system."
* status MS
* status ^short = "in-progress, finished …"
* class MS
* class = $ActCode#IMP
* class ^short = "`IMP`."
* subject 1..1 MS
* subject only Reference(Patient)
* subject ^short = "The patient."
* episodeOfCare MS
* episodeOfCare ^short = "The hälsoärende. R121"
* participant MS
* participant ^short = "The treating physician (`ATND`). R55"
* participant.individual MS
* participant.individual only Reference(PractitionerRole or Practitioner or RelatedPerson)
* participant.individual ^short = "Who."
* period MS
* period ^short = "Admission and discharge. R57, R64"
* reasonCode MS
* reasonCode ^short = "Why the patient came in."
* diagnosis MS
* diagnosis ^short = "Conditions treated."
* hospitalization MS
* hospitalization ^short = "How it ended."
* hospitalization.dischargeDisposition MS
* hospitalization.dischargeDisposition ^short = "Where to."
* location MS
* location ^short = "Ward and bed."
* serviceProvider 1..1 MS
* serviceProvider ^short = "The unit. GetCareContacts asks for it. R112"
* obeys en-1 and en-2 and en-3 and en-4 and en-24h

Invariant: en-1
Description: "A stay has a start or an end (R57; GetCareContacts)."
Severity: #error
Expression: "period.start.exists() or period.end.exists()"

Invariant: en-2
Description: "Nobody is ready for discharge before admission (R61)."
Severity: #error
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/discharge-ready').extension.where(url = 'at').value.where($this < %resource.period.start).empty()"

Invariant: en-3
Description: "Only what was said can be taken back: at most one withdrawal for each notice of utskrivningsklar (R62)."
Severity: #error
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/discharge-ready-withdrawn').count() <= extension.where(url = '{{canonical}}/StructureDefinition/discharge-ready').count()"

Invariant: en-4
Description: "An inskrivningsmeddelande says when discharge is expected (R56; lagen 2017:612, 2 kap.)."
Severity: #error
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/admission-notice-sent').exists() implies extension.where(url = '{{canonical}}/StructureDefinition/expected-discharge').exists()"

Invariant: en-24h
Description: "The inskrivningsmeddelande is sent within 24 hours of admission, or of the assessment that found the need (R57; lagen 2017:612, 2 kap.)."
Severity: #warning
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/admission-notice-sent').extension.where(url = 'at').value.where($this > iif(%resource.period.start.empty() or %resource.extension.where(url = '{{canonical}}/StructureDefinition/need-assessed-at').extension.where(url = 'at').value > %resource.period.start, %resource.extension.where(url = '{{canonical}}/StructureDefinition/need-assessed-at').extension.where(url = 'at').value, %resource.period.start) + 24 hours).empty()"

RuleSet: AtBy(what)
* insert Metadata
* extension contains at 1..1 MS and by 0..1 MS
* insert Part(at, {what})
* extension[at].value[x] only dateTime
* insert Part(by, [[By whom]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner or Organization)

Extension: ExpectedDischarge
Id: expected-discharge
Title: "Expected discharge"
Description: "When discharge is expected. A changed time is added, never overwritten: the latest recorded holds (R56, R58)."
Context: Encounter
* insert Metadata
* extension contains time 1..1 MS and recorded 1..1 MS and by 0..1 MS
* insert Part(by, [[By whom]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner or Organization)
* insert Part(time, [[Expected time of discharge]])
* extension[time].value[x] only dateTime
* insert Part(recorded, [[When that was said]])
* extension[recorded].value[x] only dateTime

Extension: NeedAssessedAt
Id: need-assessed-at
Title: "Need assessed at"
Description: "When the need of support after discharge was found, where that was later than admission; the 24 hours count from here (R57)."
Context: Encounter
* insert AtBy([[When the need was found]])

Extension: AdmissionNoticeSent
Id: admission-notice-sent
Title: "Admission notice sent"
Description: "That the inskrivningsmeddelande was sent, and to whom (R55–R57; lagen 2017:612, 2 kap. 1 §)."
Context: Encounter
* insert Metadata
* extension contains at 1..1 MS and by 0..1 MS and to 0..* MS
* insert Part(at, [[When it was sent]])
* extension[at].value[x] only dateTime
* insert Part(by, [[By whom]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner or Organization)
* insert Part(to, [[A unit that got it]])
* extension[to].value[x] only Reference(Organization)

Extension: DischargeReady
Id: discharge-ready
Title: "Ready for discharge"
Description: "That the patient was found utskrivningsklar and the units were told: the clocks start (R61; lagen 2017:612, 3 kap.)."
Context: Encounter
* insert AtBy([[When the units were told]])

Extension: DischargeReadyWithdrawn
Id: discharge-ready-withdrawn
Title: "Ready for discharge withdrawn"
Description: "That the patient is no longer utskrivningsklar: the clocks are reset (R62)."
Context: Encounter
* insert AtBy([[When the units were told]])

CodeSystem: CompulsoryCareCS
Id: compulsory-care
Title: "Tvångsvård"
Description: "The law that psychiatric care is given under; its discharges have a track of their own (R67)."
* insert SwedishCodes
* #lpt "Psykiatrisk tvångsvård (LPT)" "Lagen (1991:1128) om psykiatrisk tvångsvård."
* #lrv "Rättspsykiatrisk vård (LRV)" "Lagen (1991:1129) om rättspsykiatrisk vård."
* #opt "Öppen psykiatrisk tvångsvård (ÖPT)"
* #orv "Öppen rättspsykiatrisk vård (ÖRV)"

ValueSet: CompulsoryCareVS
Id: compulsory-care
Title: "Tvångsvård"
Description: "The law that psychiatric care is given under."
* insert AllOf(CompulsoryCareCS)

Extension: CompulsoryCare
Id: compulsory-care
Title: "Compulsory care"
Description: "That the stay is under LPT or LRV, or that open compulsory care follows: the plan is one of type SPLPTLRV (R67; lagen 2017:612, 4 kap.)."
Context: Encounter
* insert Metadata
* value[x] 1..1
* value[x] only code
* valueCode from CompulsoryCareVS (required)

Extension: NeedsAfterDischarge
Id: needs-after-discharge
Title: "Needs after discharge"
Description: "Which huvudman's insatser the patient is thought to need after discharge (R54, R65; lagen 2017:612, 4 kap. 1 §)."
Context: Encounter
* insert Metadata
* value[x] 1..1
* value[x] only code
* valueCode from OverallResponsibleHuvudmanVS (required)

Extension: InformationTransferred
Id: information-transferred
Title: "Information transferred"
Description: "That the information those who take over need was sent, and to whom; or that secrecy prevented it (R63; lagen 2017:612, 3 kap.)."
Context: Encounter
* insert Metadata
* extension contains at 1..1 MS and by 0..1 MS and to 0..* MS and withheld 0..1 MS
* insert Part(at, [[When it was sent]])
* extension[at].value[x] only dateTime
* insert Part(by, [[By whom]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner or Organization)
* insert Part(to, [[A unit that got it]])
* extension[to].value[x] only Reference(Organization)
* insert Part(withheld, [[Why something was not sent]])
* extension[withheld].value[x] only string

Extension: WrittenInformation
Id: written-information
Title: "Written information to the patient"
Description: "That the patient got the written summary of care, who the fast vårdkontakt is, when the SIP meeting is and which plans there are (R64; patientlagen 3 kap. 2 b §)."
Context: Encounter
* insert Metadata
* extension contains at 1..1 MS and by 0..1 MS and to 0..1 MS and channel 0..1 MS
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime
* insert Part(by, [[By whom]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner or Organization)
* insert Part(to, [[Who got it]])
* extension[to].value[x] only Reference(Patient or RelatedPerson)
* insert Part(channel, [[How]])
* extension[channel].value[x] only code
* extension[channel].valueCode from InformationChannelVS (required)
