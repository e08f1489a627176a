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
    DischargeReadyWithdrawn named discharge-ready-withdrawn 0..* MS
* identifier MS
* status MS
* class MS
* class = $ActCode#IMP
* subject 1..1 MS
* subject only Reference(Patient)
* episodeOfCare MS
* participant MS
* participant.individual MS
* participant.individual only Reference(PractitionerRole or Practitioner or RelatedPerson)
* period MS
* reasonCode MS
* diagnosis MS
* hospitalization MS
* hospitalization.dischargeDisposition MS
* location MS
* serviceProvider 1..1 MS
* obeys en-1 and en-2

Invariant: en-1
Description: "A stay has a start or an end (GetCareContacts)."
Severity: #error
Expression: "period.start.exists() or period.end.exists()"

Invariant: en-2
Description: "Nobody is ready for discharge before admission."
Severity: #error
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/discharge-ready').extension.where(url = 'at').value.where($this < %resource.period.start).empty()"

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
* extension contains time 1..1 MS and recorded 1..1 MS
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
