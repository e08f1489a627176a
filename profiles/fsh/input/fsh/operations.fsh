// The operations. Their parameters are checked from these definitions.

RuleSet: In(name, min, max, type, text)
* parameter[+].name = #{name}
* parameter[=].use = #in
* parameter[=].min = {min}
* parameter[=].max = "{max}"
* parameter[=].type = #{type}
* parameter[=].documentation = "{text}"

RuleSet: Out(name, min, max, type, text)
* parameter[+].name = #{name}
* parameter[=].use = #out
* parameter[=].min = {min}
* parameter[=].max = "{max}"
* parameter[=].type = #{type}
* parameter[=].documentation = "{text}"

RuleSet: InGroup(name, min, max, text)
* parameter[+].name = #{name}
* parameter[=].use = #in
* parameter[=].min = {min}
* parameter[=].max = "{max}"
* parameter[=].documentation = "{text}"

RuleSet: PartOf(name, min, max, type, text)
* parameter[=].part[+].name = #{name}
* parameter[=].part[=].use = #in
* parameter[=].part[=].min = {min}
* parameter[=].part[=].max = "{max}"
* parameter[=].part[=].type = #{type}
* parameter[=].part[=].documentation = "{text}"

RuleSet: OutGroup(name, min, max, text)
* parameter[+].name = #{name}
* parameter[=].use = #out
* parameter[=].min = {min}
* parameter[=].max = "{max}"
* parameter[=].documentation = "{text}"

RuleSet: OutPart(name, min, max, type, text)
* parameter[=].part[+].name = #{name}
* parameter[=].part[=].use = #out
* parameter[=].part[=].min = {min}
* parameter[=].part[=].max = "{max}"
* parameter[=].part[=].type = #{type}
* parameter[=].part[=].documentation = "{text}"

RuleSet: To(index, type)
* parameter[=].targetProfile[{index}] = "http://hl7.org/fhir/StructureDefinition/{type}"

RuleSet: PartTo(index, type)
* parameter[=].part[=].targetProfile[{index}] = "http://hl7.org/fhir/StructureDefinition/{type}"

RuleSet: Bound(valueSet)
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = {valueSet}

RuleSet: PartBound(valueSet)
* parameter[=].part[=].binding.strength = #required
* parameter[=].part[=].binding.valueSet = {valueSet}

RuleSet: AssignParameters
* insert In(practitionerRole, 1, 1, Reference, [[The person, in the role and at the unit that answers. The role must be in use and its Practitioner named (R5).]])
* insert To(0, PractitionerRole)
* insert In(type, 0, 1, code, [[Type of fixed contact; 1 when left out. 4 is the one with overall coordination: one per patient (R32). 2 is fast läkarkontakt: one per patient, a licensed physician (R36).]])
* insert Bound([[$TypAvFastKontaktVS]])
* insert In(localTitle, 0, 1, CodeableConcept, [[What the unit calls the contact, such as kontaktsjuksköterska: a code of contact-title or words (R28).]])
* parameter[=].binding.strength = #extensible
* parameter[=].binding.valueSet = Canonical(ContactTitleVS)
* insert In(coordinationReason, 0, 1, code, [[Why this contact has the overall coordination; only with type 4 (R32).]])
* insert Bound([[Canonical(CoordinationReasonVS)]])
* insert In(basis, 0, 1, code, [[Why a contact is appointed (R4). With fortsatt a contact that the patient has already continues, and gets the encounter (R22).]])
* insert Bound([[Canonical(AppointmentBasisVS)]])
* insert In(selection, 0, 1, code, [[How the person came to be the contact: the patient's choice, or how the unit assigned (R8, R37).]])
* insert Bound([[Canonical(AppointmentSelectionVS)]])
* insert In(needIdentified, 0, 1, dateTime, [[When the need was found, or the patient asked (R107).]])
* insert In(ground, 0, *, code, [[The needs the contact meets: trygghet, kontinuitet, samordning, sakerhet (R2).]])
* insert Bound([[Canonical(AppointmentGroundsVS)]])
* insert In(criterion, 0, *, code, [[What makes the patient a candidate (R19).]])
* insert Bound([[Canonical(NeedCriteriaVS)]])
* insert In(course, 0, 1, code, [[How the illness runs; the answer advises on the profession (R18).]])
* insert Bound([[Canonical(CareCourseVS)]])
* insert In(reason, 0, *, CodeableConcept, [[Grounds and criteria as concepts, or others in words (R2, R19).]])
* parameter[=].binding.strength = #extensible
* parameter[=].binding.valueSet = Canonical(AppointmentReasonVS)
* insert In(reasonReference, 0, *, Reference, [[Conditions that call for the contact. A life-threatening one asks for a licensed physician on a regional unit (R15).]])
* insert To(0, Condition)
* insert In(appointedBy, 0, 1, Reference, [[The verksamhetschef who appoints, or the unit, today (R3).]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert InGroup(appointed, 0, 1, [[Who appoints and when, where it was not today (R3). In place of appointedBy.]])
* insert PartOf(by, 1, 1, Reference, [[The verksamhetschef, or the unit.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Organization)
* insert PartOf(at, 0, 1, dateTime, [[When; today when left out.]])
* insert InGroup(preference, 0, 1, [[Whom the patient wishes to meet (R6).]])
* insert PartOf(wish, 0, 1, string, [[The wish in the patient's words.]])
* insert PartOf(person, 0, 1, Reference, [[The person wished for.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Practitioner)
* insert PartOf(met, 0, 1, boolean, [[Whether the wish is met; with person found out when left out.]])
* insert InGroup(acceptance, 0, 1, [[That the patient accepts the contact, which is voluntary (R6, R7).]])
* insert PartOf(at, 0, 1, dateTime, [[When; today when left out.]])
* insert PartOf(by, 0, 1, Reference, [[Who said so; the patient when left out.]])
* insert PartTo(0, Patient)
* insert PartTo(1, RelatedPerson)
* insert InGroup(informed, 0, *, [[That somebody was told who the contact is and how to reach contact and unit (R10, R11).]])
* insert PartOf(at, 0, 1, dateTime, [[When; today when left out.]])
* insert PartOf(by, 0, 1, Reference, [[Who told.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Practitioner)
* insert PartTo(2, Organization)
* insert PartOf(channel, 0, 1, code, [[How.]])
* insert PartBound([[Canonical(InformationChannelVS)]])
* insert PartOf(recipient, 0, 1, code, [[Who was told; the patient when left out, narstaende where the patient can't receive it.]])
* insert PartBound([[Canonical(InformationRecipientVS)]])
* insert In(encounter, 0, 1, Reference, [[The inpatient stay the contact is appointed in, or continues from (R22, R60).]])
* insert To(0, Encounter)
* insert In(period, 0, 1, Period, [[When the assignment holds; from today on when left out.]])
* insert In(telecom, 0, *, ContactPoint, [[How the patient reaches the contact. Needed unless the role has telecom or viaTeam is given (R10, R43).]])
* insert InGroup(channel, 0, *, [[A way to reach the contact with its hours and how it is answered (R43, R44). The same telecom twice is one way with several hours.]])
* insert PartOf(telecom, 1, 1, ContactPoint, [[Number or address; a message in 1177 is of system url.]])
* insert PartOf(day, 0, *, code, [[Weekdays.]])
* insert PartBound([[$DaysOfWeekVS]])
* insert PartOf(from, 0, 1, time, [[From, Swedish time.]])
* insert PartOf(to, 0, 1, time, [[To.]])
* insert PartOf(callBack, 0, 1, boolean, [[Whether one is called back.]])
* insert PartOf(answerDays, 0, 1, positiveInt, [[Answered within so many days.]])
* insert PartOf(note, 0, 1, string, [[What else to know, in plain Swedish.]])
* insert In(viaTeam, 0, 1, Reference, [[The team through which the contact is reached (R40).]])
* insert To(0, CareTeam)
* insert InGroup(deputy, 0, *, [[Who answers when the contact is away (R45).]])
* insert PartOf(member, 1, 1, Reference, [[The deputy.]])
* insert PartTo(0, PractitionerRole)
* insert PartOf(period, 0, 1, Period, [[When; always, when left out.]])
* insert PartOf(telecom, 0, *, ContactPoint, [[How to reach the deputy.]])
* insert In(medicallyResponsible, 0, 1, Reference, [[Who is medically responsible, where the contact is not (R26).]])
* insert To(0, PractitionerRole)
* insert In(task, 0, *, code, [[What the contact does for this patient (R25). A physician appointed for a life-threatening condition answers for planning and follow-up besides (R16).]])
* insert Bound([[Canonical(ContactTaskVS)]])
* insert InGroup(roleDescription, 0, 1, [[The local uppdragsbeskrivning the assignment follows (R27).]])
* insert PartOf(document, 1, 1, Identifier, [[The document's id.]])
* insert PartOf(version, 0, 1, string, [[Its version.]])
* insert In(reviewDate, 0, 1, date, [[When the need is assessed again (R20).]])
* insert In(note, 0, 1, string, [[A note that the patient and other caregivers may read (R114).]])
* insert In(internalNote, 0, 1, string, [[A note for staff only (R114).]])
* insert Out(return, 1, 1, CareTeam, [[The assignment.]])
* insert Out(task, 0, *, Task, [[The task of the discharge process to appoint a fast vårdkontakt, which this completes (R60).]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings of the law, code business-rule, and advice, code informational, each with its paragraph.]])

RuleSet: AssignMetadata
* insert InstanceMetadata
* name = "AssignFastVardkontakt"
* title = "Assign a fixed contact"
* kind = #operation
* affectsState = true
* code = #assign-fast-vardkontakt
* system = false
* description = "Appoints a named person as fast vårdkontakt, fast läkarkontakt or fast omsorgskontakt for a patient: one CareTeam per assignment (R1–R8, R10, R15–R37, R43–R45). Refused, with the paragraph named: an unnamed contact, a role not in use, no way to reach the contact, a second contact with overall coordination, a second fast läkarkontakt, a life-threatening condition without a licensed physician on a regional unit. Two identical calls leave one assignment."

Instance: Patient-assign-fast-vardkontakt
InstanceOf: OperationDefinition
Usage: #definition
* insert AssignMetadata
* resource = #Patient
* type = false
* instance = true
* insert AssignParameters

Instance: CareTeam-assign-fast-vardkontakt
InstanceOf: OperationDefinition
Usage: #definition
* insert AssignMetadata
* resource = #CareTeam
* type = true
* instance = false
* insert In(patient, 1, 1, Reference, [[The patient.]])
* insert To(0, Patient)
* insert AssignParameters

Instance: Patient-generate-sip
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "GenerateSip"
* title = "Generate a samordnad individuell plan"
* kind = #operation
* affectsState = true
* code = #generate-sip
* resource = #Patient
* system = false
* type = false
* instance = true
* description = "Makes a SIP with its goals from the call and from what the store knows of the patient: contacts, team, stay, conditions, other plans (R75–R92; SoL 10 kap. 8–9 §§, HSL 16 kap. 4 §), and proposes whom to call. A draft may be incomplete, and its outcome says what the law still asks for; an active plan may not. Refused, with the paragraph named: no permitting consent, no activity by the region or none by the municipality, no or two overall-responsible huvudmän, a plan in force that has the content already."
* insert SipSections
* insert In(despiteExisting, 0, 1, boolean, [[true where a plan in force has the content already, and another is made all the same (R85).]])
* insert InGroup(activity, 0, *, [[Something that somebody does: insatser of region and municipality, and measures by others (R76).]])
* insert ActivityParts(1)
* insert Out(return, 1, 1, CarePlan, [[The plan.]])
* insert OutGroup(proposal, 0, *, [[Whom to call to the meeting, of those the store knows (R79, R80, R84, R91).]])
* insert OutPart(actor, 1, 1, Reference, [[The person, a relative, somebody of staff, a unit.]])
* insert PartTo(0, Patient)
* insert PartTo(1, RelatedPerson)
* insert PartTo(2, PractitionerRole)
* insert PartTo(3, Practitioner)
* insert PartTo(4, Organization)
* insert PartTo(5, CareTeam)
* insert PartTo(6, HealthcareService)
* insert OutPart(role, 1, 1, string, [[What they are to the person, in Swedish.]])
* insert OutPart(why, 1, 1, string, [[Why they are proposed, in Swedish.]])
* insert OutPart(paragraph, 0, *, Coding, [[The paragraph that says so, where one does.]])
* insert Out(task, 0, *, Task, [[Of an active plan: the follow-up to come, needs of a plan that are met.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[What the law still asks for, and advice, each with its paragraph.]])