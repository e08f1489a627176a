// CareTeam: one resource per fixed contact, in Inera's shape, and teams.

Profile: SECareTeamFastKontakt
Parent: CareTeam
Id: fast-kontakt-careteam
Title: "Fast kontakt"
Description: "One assignment of a fixed contact: fast vårdkontakt, fast läkarkontakt, fast omsorgskontakt. R4 port of Inera's RIVCareManager-careteam v0.9. Only an active assignment must be complete."
* insert Metadata
* extension contains
    AppointedBy named appointed-by 0..1 MS and
    AppointmentBasis named appointment-basis 0..* MS and
    PatientPreference named patient-preference 0..1 MS and
    PatientDecision named patient-decision 0..1 MS and
    InformationGiven named information-given 0..* MS and
    ContactTask named contact-task 0..* MS and
    RoleDescription named role-description 0..1 MS and
    MedicallyResponsible named medically-responsible 0..1 MS and
    EndReason named end-reason 0..1 MS and
    ChangeDecision named change-decision 0..1 MS and
    ReviewDate named review-date 0..1 MS and
    InternalNote named internal-note 0..* MS and
    LegalBasis named legal-basis 0..* MS and
    NeedIdentified named need-identified 0..1 MS and
    CoordinationReason named coordination-reason 0..1 MS and
    Handover named handover 0..1 MS and
    ReplacesContact named replaces-contact 0..1 MS and
    CareProcess named care-process 0..1 MS and
    ContactAddress named contact-address 0..* MS and
    ApprovedForPatient named approved-for-patient 0..1 MS
* extension[care-process] ^short = "The hälsoärende it belongs to, careProcessId. R121"
* extension[contact-address] ^short = "Where to visit or write to the contact. R43"
* extension[approved-for-patient] ^short = "`false` keeps it from the patient. R113"
* extension[appointed-by] ^short = "The verksamhetschef appoints: who, and when. R3, HSF 4 kap. 1 §"
* extension[appointment-basis] ^short = "Why a contact: requested, assessed need, discharge, life-threatening …; and how the person was chosen. The reason stands first. R4, R8, R22, R37"
* extension[patient-preference] ^short = "Whom the patient wishes to meet, and whether the wish was met. R6"
* extension[patient-decision] ^short = "Whether the patient accepts or declines: the contact is voluntary. R7"
* extension[contact-task] ^short = "What the contact does for this patient. R25"
* extension[role-description] ^short = "The local description of the role, with its version. R27"
* extension[change-decision] ^short = "Who asked for the change, why, and who decided. R46"
* extension[internal-note] ^short = "For staff only, never shown to the patient. R114"
* extension[information-given] ^short = "That the patient was told who it is and how to reach them. R9–R11"
* extension[medically-responsible] ^short = "Who is, where the contact is not medically responsible. R26"
* extension[end-reason] ^short = "Why the assignment ended. R7, R20, R46"
* extension[review-date] ^short = "When the need is assessed again. R20"
* extension[legal-basis] ^short = "The paragraph the assignment rests on, old or new."
* extension[need-identified] ^short = "When the need was found: the wait is counted from here. R107"
* extension[coordination-reason] ^short = "Why this contact coordinates the others: `grundsjukdom`, `vistelse`. R32"
* extension[handover] ^short = "How the contact before handed over. R47"
* extension[replaces-contact] ^short = "The assignment this one takes over from. R46, R48"
* identifier MS
* identifier ^short = "The assignment's identity in the source system."
* identifier.system MS
* identifier.system ^short = "IHE DCTM asks for it."
* identifier.value MS
* identifier.value ^short = "IHE DCTM asks for it."
* status 1..1 MS
* status ^short = "`proposed`, `active`, `suspended`, `inactive`. Refused: `inactive` with an end-reason. R7, R45"
* category 1..1 MS
* category.coding 1..1
* category.coding ^short = "Inera allows no second coding."
* category = $TypAvCareTeam#fast-kontakt
* category ^short = "`fast-kontakt` of Inera's typ-av-careteam-cs."
* subject 1..1 MS
* subject only Reference(Patient)
* subject ^short = "The person the contact is for, always a Patient. R1"
* encounter MS
* encounter ^short = "The stay the contact was appointed in. Optional: the assignment outlives it. R21, R60"
* period MS
* period ^short = "How long the assignment holds."
* period.start MS
* period.start ^short = "R48"
* period.end MS
* period.end ^short = "R20, R48"
* participant 1..1 MS
* participant obeys ct-2 and ct-9
* participant ^short = "Exactly one: a contact is one person. R5"
* participant.extension contains
    $ContactViaTeam named contact-via-team 0..1 MS and
    Deputy named deputy 0..* MS
* participant.extension[contact-via-team] ^short = "Inera's extension: reach the contact through a team. R40"
* participant.extension[deputy] ^short = "Who answers when the contact is away. R45"
* participant.role 1..1 MS
* participant.role from $TypAvFastKontaktVS (required)
* participant.role ^short = "One code of kv_typ_av_fast_kontakt, and a local title if there is one. R28, R32, R34, R38"
* participant.member MS
* participant.member only Reference(PractitionerRole)
* participant.member ^short = "The PractitionerRole of the named person; needed once active. R5, R13"
* participant.period MS
* participant.period ^short = "When it differs from the assignment's."
* reasonCode MS
* reasonCode from AppointmentReasonVS (extensible)
* reasonCode ^short = "trygghet, kontinuitet, samordning, säkerhet; criteria such as multisjuk; how the illness runs; or words. R2, R18, R19"
* reasonReference MS
* reasonReference only Reference(Condition)
* reasonReference ^short = "A life-threatening Condition here asks for a licensed physician. R15"
* managingOrganization MS
* managingOrganization ^short = "The unit that answers for the assignment; needed once active. R112"
* telecom MS
* telecom ^short = "The contact's direct ways. R10, R43"
* telecom.extension contains
    ContactAvailability named availability 0..* MS and
    ContactAnswer named answer 0..1 MS and
    ContactNote named note 0..1 MS
* telecom.extension[availability] ^short = "Weekdays and hours. R44"
* telecom.extension[answer] ^short = "Call back, and within how many days. R43"
* telecom.extension[note] ^short = "What else to know about it. R43"
* telecom.system MS
* telecom.system ^short = "As in Inera's profile; a 1177 message is `url`."
* telecom.value MS
* telecom.value ^short = "As in Inera's profile."
* note MS
* note ^short = "External note: patient and caregivers may read it. R114"
* obeys ct-3 and ct-9-period and ct-10 and ct-12 and ct-13 and ct-14 and ct-15 and ct-16 and ct-17 and ct-18

Invariant: ct-2
Description: "The role says which type of fixed contact this is: one code of kv_typ_av_fast_kontakt, not two (R34, R38)."
Severity: #error
Expression: "role.all(coding.where(system = 'https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt' or system = 'urn:oid:1.2.752.129.5.1.69').count() <= 1)"

Invariant: ct-3
Description: "An active fixed contact is a named person (patientlagen 6 kap. 2 §, prop. 2009/10:67)."
Severity: #error
Expression: "status = 'active' implies participant.member.exists()"

Invariant: ct-9
Description: "A deputy is another person than the contact (R45)."
Severity: #error
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/deputy').extension.where(url = 'member').value.reference.intersect(member.reference).empty()"

Invariant: ct-9-period
Description: "A deputy stands in within the period of the assignment (R45)."
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

Invariant: ct-14
Description: "The contact is voluntary: an assignment that the patient declined is not active (R7)."
Severity: #error
Expression: "status = 'active' implies extension.where(url = '{{canonical}}/StructureDefinition/patient-decision').extension.where(url = 'decision' and value = 'declined').empty()"

Invariant: ct-15
Description: "A change on request says who asked, why and who decided (R46)."
Severity: #warning
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/end-reason').value.coding.where(code = 'byte-patient' or code = 'byte-verksamhet').exists() implies extension.where(url = '{{canonical}}/StructureDefinition/change-decision').exists()"

Invariant: ct-16
Description: "Only the contact with overall coordination (4) has a reason for it (R32)."
Severity: #error
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/coordination-reason').exists() implies participant.role.coding.where((system = 'https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt' or system = 'urn:oid:1.2.752.129.5.1.69') and code = '4').exists()"

Invariant: ct-17
Description: "The person came to be the contact in one way: chosen, or assigned in one of the ways there are (R8)."
Severity: #error
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/appointment-basis').value.coding.where(system = '{{canonical}}/CodeSystem/appointment-basis' and (code = 'vald' or code = 'tilldelad' or code = 'omrade' or code = 'listning' or code = 'fodelsedatum')).code.distinct().count() <= 1"

Invariant: ct-18
Description: "The need was found before the contact was appointed: the wait is counted between them (R107)."
Severity: #warning
Expression: "extension.where(url = '{{canonical}}/StructureDefinition/need-identified').value.where($this > %resource.extension.where(url = '{{canonical}}/StructureDefinition/appointed-by').extension.where(url = 'at').value).empty()"

Profile: SECareTeamTeam
Parent: CareTeam
Id: team-careteam
Title: "Team"
Description: "A team around a person, or a unit's team through which fixed contacts are reached. R4 port of Inera's RIVManagingTeam-careteam v0.9; unlike Inera's it may name relatives and organisations too (R39)."
* insert Metadata
* extension contains
    InternalNote named internal-note 0..* MS and
    ContactAddress named contact-address 0..* MS
* extension[internal-note] ^short = "For staff only. R114"
* extension[contact-address] ^short = "Where to visit or write to the team. R43"
* identifier MS
* identifier ^short = "The team's identity in the source system."
* status 1..1 MS
* status ^short = "Whether the team works."
* category 1..1 MS
* category.coding 1..1
* category.coding ^short = "Inera allows no second coding."
* category = $TypAvCareTeam#team
* category ^short = "`team` of Inera's typ-av-careteam-cs."
* name MS
* name ^short = "What people call it; needed once active."
* subject MS
* subject only Reference(Patient)
* subject ^short = "The person, when the team is theirs alone."
* period MS
* period ^short = "How long."
* period.start MS
* period.start ^short = "As in Inera's profile."
* period.end MS
* period.end ^short = "As in Inera's profile."
* participant MS
* participant ^short = "The professions of the team. R39"
* participant.role MS
* participant.role ^short = "Profession or task in the team."
* participant.member MS
* participant.member ^short = "Who."
* managingOrganization MS
* managingOrganization ^short = "The unit that answers for the team. R112"
* telecom MS
* telecom ^short = "How to reach the team, and contacts reached through it. R40, R43"
* telecom.extension contains
    ContactAvailability named availability 0..* MS and
    ContactAnswer named answer 0..1 MS
* telecom.extension[availability] ^short = "Weekdays and hours. R44"
* telecom.extension[answer] ^short = "Call back, and within how many days. R43"
* telecom.system MS
* telecom.system ^short = "As in Inera's profile."
* telecom.value MS
* telecom.value ^short = "As in Inera's profile."
* note MS
* note ^short = "For instance a snabbspår: how to get in without a referral."
* obeys tm-1

Invariant: tm-1
Description: "An active team has a name that people know it by (R39, R40)."
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
Description: "Weekdays and hours when a way to reach somebody is open (R43, R44). R4 port of Inera's RIVContactPointAvailability, whose datatype Availability R4 lacks; repeat it where hours differ between days. All that is said must hold; months and dates are of GetCareManagers (HoursOfServiceType)."
* insert Metadata
* ^context[0].type = #element
* ^context[0].expression = "ContactPoint"
* ^context[1].type = #element
* ^context[1].expression = "Address"
* extension contains daysOfWeek 0..* MS and availableStartTime 0..1 MS and availableEndTime 0..1 MS and month 0..* MS and during 0..1 MS
* insert Part(daysOfWeek, [[Weekday; every day, when left out]])
* extension[daysOfWeek].value[x] only code
* extension[daysOfWeek].valueCode from $DaysOfWeekVS (required)
* insert Part(availableStartTime, [[From]])
* extension[availableStartTime].value[x] only time
* insert Part(availableEndTime, [[To]])
* extension[availableEndTime].value[x] only time
* insert Part(month, [[Month; all year, when left out]])
* extension[month].value[x] only code
* extension[month].valueCode from MonthVS (required)
* insert Part(during, [[Dates]])
* extension[during].value[x] only Period

Extension: PatientDecision
Id: patient-decision
Title: "Patient's decision"
Description: "Whether the patient accepts or declines the contact; a later decision takes the place of the earlier, which the history keeps (R7)."
Context: CareTeam
* insert Metadata
* extension contains decision 1..1 MS and at 1..1 MS and by 0..1 MS
* insert Part(decision, [[Accepted or declined]])
* extension[decision].value[x] only code
* extension[decision].valueCode from PatientDecisionVS (required)
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime
* insert Part(by, [[Who said so: the patient, or somebody for the patient]])
* extension[by].value[x] only Reference(Patient or RelatedPerson)

Extension: ContactTask
Id: contact-task
Title: "Task of the contact"
Description: "What the contact does for this patient (R25; prop. 2009/10:67)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only CodeableConcept
* valueCodeableConcept from ContactTaskVS (extensible)

Extension: RoleDescription
Id: role-description
Title: "Role description"
Description: "The local uppdragsbeskrivning or riktlinje that the assignment follows, and its version (R27)."
Context: CareTeam
* insert Metadata
* extension contains document 1..1 MS and version 0..1 MS
* insert Part(document, [[The document's id]])
* extension[document].value[x] only Identifier
* insert Part(version, [[Its version]])
* extension[version].value[x] only string

Extension: ChangeDecision
Id: change-decision
Title: "Decision about a change"
Description: "That somebody asked for another contact, why, and what the verksamhetschef and the medicinskt ledningsansvarig läkare decided (R46)."
Context: CareTeam
* insert Metadata
* extension contains requestedBy 1..1 MS and reason 1..1 MS and decision 1..1 MS and at 1..1 MS and decidedBy 1..1 MS and physician 0..1 MS
* insert Part(requestedBy, [[Who asked: patient, relative or staff]])
* extension[requestedBy].value[x] only Reference(Patient or RelatedPerson or PractitionerRole or Practitioner)
* insert Part(reason, [[Why]])
* extension[reason].value[x] only string
* insert Part(decision, [[Granted or refused]])
* extension[decision].value[x] only code
* extension[decision].valueCode from ChangeDecisionVS (required)
* insert Part(at, [[When it was decided]])
* extension[at].value[x] only dateTime
* insert Part(decidedBy, [[The verksamhetschef]])
* extension[decidedBy].value[x] only Reference(PractitionerRole or Organization)
* insert Part(physician, [[The medicinskt ledningsansvarig läkare]])
* extension[physician].value[x] only Reference(PractitionerRole)

Extension: InternalNote
Id: internal-note
Title: "Internal note"
Description: "A note among staff; patients and their relatives never get it (R114; GetCareManagers internalNotes)."
* insert Metadata
* ^context[0].type = #element
* ^context[0].expression = "CareTeam"
* ^context[1].type = #element
* ^context[1].expression = "CarePlan"
* value[x] 1..1
* value[x] only Annotation
