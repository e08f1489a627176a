// CareTeam: one resource per fixed contact, in Inera's shape, and teams.

Profile: SECareTeamFastKontakt
Parent: CareTeam
Id: fast-kontakt-careteam
Title: "Fast kontakt"
Description: "One assignment of a fixed contact: fast vårdkontakt, fast läkarkontakt, fast omsorgskontakt. R4 port of Inera's RIVCareManager-careteam v0.9. Only an active assignment must be complete."
* insert Metadata
* extension contains
    AppointedBy named appointed-by 0..1 MS and
    AppointmentBasis named appointment-basis 0..1 MS and
    PatientPreference named patient-preference 0..1 MS and
    InformationGiven named information-given 0..* MS and
    MedicallyResponsible named medically-responsible 0..1 MS and
    EndReason named end-reason 0..1 MS and
    ReviewDate named review-date 0..1 MS and
    LegalBasis named legal-basis 0..* MS
* identifier MS
* status 1..1 MS
* category 1..1 MS
* category.coding 1..1
* category = $TypAvCareTeam#fast-kontakt
* subject 1..1 MS
* subject only Reference(Patient)
* subject ^short = "The person the contact is for"
* encounter MS
* encounter ^short = "The inpatient stay the contact was appointed in; the assignment outlives it (R21)"
* period MS
* period.start MS
* period.end MS
* participant 1..1 MS
* participant obeys ct-2 and ct-9
* participant ^short = "The named person"
* participant.extension contains
    $ContactViaTeam named contact-via-team 0..1 MS and
    Deputy named deputy 0..* MS
* participant.role 1..1 MS
* participant.role from $TypAvFastKontaktVS (required)
* participant.role ^short = "Type of fixed contact; a local title may follow as a second coding (R28)"
* participant.member MS
* participant.member only Reference(PractitionerRole)
* participant.member ^short = "The named person in the role that answers; required once active (R5)"
* participant.period MS
* reasonCode MS
* reasonCode from AppointmentGroundsVS (extensible)
* reasonReference MS
* reasonReference only Reference(Condition)
* managingOrganization MS
* managingOrganization ^short = "The unit that answers for the assignment (R112)"
* telecom MS
* telecom ^short = "How to reach the contact (R10, R43)"
* telecom.extension contains ContactAvailability named availability 0..* MS
* telecom.system MS
* telecom.value MS
* note MS
* note ^short = "What patient and other caregivers may read (R114)"
* obeys ct-1 and ct-3 and ct-9-period and ct-10 and ct-12 and ct-13

Invariant: ct-1
Description: "A fixed contact is one person: exactly one participant (R5)."
Severity: #error
Expression: "participant.count() = 1"

Invariant: ct-2
Description: "The role says which type of fixed contact this is, with exactly one code from kv_typ_av_fast_kontakt."
Severity: #error
Expression: "role.coding.where(system = 'https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt').count() = 1"

Invariant: ct-3
Description: "An active fixed contact is a named person (patientlagen 6 kap. 2 §, prop. 2009/10:67)."
Severity: #error
Expression: "status = 'active' implies participant.member.exists()"

Invariant: ct-9
Description: "A deputy is another person than the contact."
Severity: #error
Expression: "(extension.where(url = '{{canonical}}/StructureDefinition/deputy').extension.where(url = 'member').value.reference | member.reference).count() = extension.where(url = '{{canonical}}/StructureDefinition/deputy').extension.where(url = 'member').value.reference.distinct().count() + member.reference.count()"

Invariant: ct-9-period
Description: "A deputy stands in within the period of the assignment."
Severity: #error
Expression: "participant.extension.where(url = '{{canonical}}/StructureDefinition/deputy').extension.where(url = 'period').value.where(start < %resource.period.start or end > %resource.period.end).empty()"

Invariant: ct-10
Description: "An ended assignment says when and why it ended (R20, R48)."
Severity: #error
Expression: "status = 'inactive' implies (period.end.exists() and extension.where(url = '{{canonical}}/StructureDefinition/end-reason').exists())"

Invariant: ct-12
Description: "An active assignment says which unit answers for it and from when (R48, R112)."
Severity: #error
Expression: "status = 'active' implies (managingOrganization.exists() and period.start.exists())"

Invariant: ct-13
Description: "The verksamhetschef appoints: say who appointed the contact and when (hälso- och sjukvårdsförordningen 4 kap. 1 §)."
Severity: #warning
Expression: "status = 'active' implies extension.where(url = '{{canonical}}/StructureDefinition/appointed-by').exists()"

Profile: SECareTeamTeam
Parent: CareTeam
Id: team-careteam
Title: "Team"
Description: "A team around a person, or a unit's team through which fixed contacts are reached. R4 port of Inera's RIVManagingTeam-careteam v0.9; unlike Inera's it may name relatives and organisations too (R39)."
* insert Metadata
* identifier MS
* status 1..1 MS
* category 1..1 MS
* category.coding 1..1
* category = $TypAvCareTeam#team
* name MS
* subject MS
* subject only Reference(Patient)
* period MS
* period.start MS
* period.end MS
* participant MS
* participant.role MS
* participant.member MS
* managingOrganization MS
* telecom MS
* telecom ^short = "How to reach the team, and contacts reached through it (R40)"
* telecom.extension contains ContactAvailability named availability 0..* MS
* telecom.system MS
* telecom.value MS
* note MS
* obeys tm-1

Invariant: tm-1
Description: "An active team has a name that people know it by."
Severity: #error
Expression: "status = 'active' implies name.exists()"

Extension: AppointedBy
Id: appointed-by
Title: "Appointed by"
Description: "Who appointed the contact, and when: the verksamhetschef (R3; hälso- och sjukvårdsförordningen 4 kap. 1 §)."
Context: CareTeam
* insert Metadata
* extension contains by 1..1 MS and at 1..1 MS
* insert Part(by, [[The verksamhetschef, or the unit]])
* extension[by].value[x] only Reference(PractitionerRole or Organization)
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime

Extension: AppointmentBasis
Id: appointment-basis
Title: "Appointment basis"
Description: "Why the contact was appointed (R4, R8)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only CodeableConcept
* valueCodeableConcept from AppointmentBasisVS (extensible)

Extension: PatientPreference
Id: patient-preference
Title: "Patient's preference"
Description: "Whom the patient wishes to meet, and whether the wish was met (R6)."
Context: CareTeam
* insert Metadata
* extension contains wish 0..1 MS and person 0..1 MS and met 0..1 MS
* insert Part(wish, [[The wish in the patient's words]])
* extension[wish].value[x] only string
* insert Part(person, [[The person wished for]])
* extension[person].value[x] only Reference(PractitionerRole or Practitioner)
* insert Part(met, [[Whether the wish was met]])
* extension[met].value[x] only boolean

Extension: InformationGiven
Id: information-given
Title: "Information given"
Description: "That the patient was told who the contact is and how to reach the contact and the unit: when, by whom, how (R9–R11)."
Context: CareTeam
* insert Metadata
* extension contains at 1..1 MS and by 0..1 MS and channel 0..1 MS and recipient 1..1 MS
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime
* insert Part(by, [[Who informed]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner or Organization)
* insert Part(channel, [[How]])
* extension[channel].value[x] only code
* extension[channel].valueCode from InformationChannelVS (required)
* insert Part(recipient, [[Who was informed]])
* extension[recipient].value[x] only code
* extension[recipient].valueCode from InformationRecipientVS (required)

Extension: MedicallyResponsible
Id: medically-responsible
Title: "Medically responsible"
Description: "Who is medically responsible, where the contact is not (R26)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only Reference(PractitionerRole)

Extension: EndReason
Id: end-reason
Title: "End reason"
Description: "Why the assignment ended (R20, R46)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only CodeableConcept
* valueCodeableConcept from EndReasonVS (extensible)

Extension: ReviewDate
Id: review-date
Title: "Review date"
Description: "When the need for the contact is assessed again (R20)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only date

Extension: LegalBasis
Id: legal-basis
Title: "Legal basis"
Description: "The paragraph of law an assignment or a plan rests on, under its old or its new number."
* insert Metadata
* ^context[0].type = #element
* ^context[0].expression = "CareTeam"
* ^context[1].type = #element
* ^context[1].expression = "CarePlan"
* value[x] 1..1
* value[x] only Coding
* valueCoding from LawVS (extensible)

Extension: Deputy
Id: deputy
Title: "Deputy"
Description: "Who answers when the contact is away, so that there is always someone to contact (R45)."
Context: CareTeam.participant
* insert Metadata
* extension contains member 1..1 MS and period 0..1 MS and telecom 0..* MS
* insert Part(member, [[The deputy]])
* extension[member].value[x] only Reference(PractitionerRole)
* insert Part(period, [[When the deputy answers; always, when left out]])
* extension[period].value[x] only Period
* insert Part(telecom, [[How to reach the deputy]])
* extension[telecom].value[x] only ContactPoint

Extension: ContactAvailability
Id: contact-availability
Title: "Contact availability"
Description: "Weekdays and hours when a way to reach somebody is open (R43, R44). R4 port of Inera's RIVContactPointAvailability, whose datatype Availability R4 lacks; repeat it where hours differ between days."
Context: ContactPoint
* insert Metadata
* extension contains daysOfWeek 1..* MS and availableStartTime 0..1 MS and availableEndTime 0..1 MS
* insert Part(daysOfWeek, [[Weekday]])
* extension[daysOfWeek].value[x] only code
* extension[daysOfWeek].valueCode from $DaysOfWeekVS (required)
* insert Part(availableStartTime, [[From]])
* extension[availableStartTime].value[x] only time
* insert Part(availableEndTime, [[To]])
* extension[availableEndTime].value[x] only time
