// The life of a named contact after it was appointed: change, end, refusal, information, review.

ValueSet: ContactChangeReasonVS
Id: contact-change-reason
Title: "Skäl till byte av kontakt"
Description: "Why one contact takes over from another by a decision (R46, R47)."
* insert Metadata
* EndReasonCS#byte-patient
* EndReasonCS#byte-verksamhet
* EndReasonCS#overgang-vuxen

Extension: OverdueDays
Id: overdue-days
Title: "Overdue days"
Description: "How many days ago the need of the contact was to be assessed again; 0 on the day itself (R20). Answers of $reviews-due have it."
Context: Bundle.entry.search
* insert Metadata
* value[x] 1..1
* value[x] only integer

Instance: CareTeam-patient-decision
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(patient-decision, CareTeam, token, [[Whether the patient accepted or declined the contact]])
* expression = "(CareTeam.extension.where(url = '{{canonical}}/StructureDefinition/patient-decision').extension.where(url = 'decision').value as code)"

RuleSet: LifeCycleOperation(name, title, code, resource)
* insert InstanceMetadata
* name = "{name}"
* title = "{title}"
* kind = #operation
* code = #{code}
* resource = #{resource}
* system = false

Instance: CareTeam-change-fast-vardkontakt
InstanceOf: OperationDefinition
Usage: #definition
* insert LifeCycleOperation(ChangeFastVardkontakt, [[Change a fixed contact]], change-fast-vardkontakt, CareTeam)
* affectsState = true
* type = false
* instance = true
* description = "Somebody asks for another contact, the verksamhetschef decides with the medicinskt ledningsansvarig läkare, and where the change is granted one assignment ends as the next begins: no gap, no overlap (R46–R48; HSF 4 kap. 1 §). A request that is refused is kept as a Task, and the contact stays."
* insert In(requester, 1, 1, Reference, [[Who asks for the change: the patient, a relative for the patient, or staff (R46).]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert To(2, PractitionerRole)
* insert To(3, Practitioner)
* insert In(reason, 1, 1, string, [[Why, in words (R46).]])
* insert In(decision, 0, 1, code, [[Granted or refused: beviljat, avslaget. A change without a decision is refused (HSF 4 kap. 1 §).]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(ChangeDecisionVS)
* insert In(decidedBy, 0, 1, Reference, [[The verksamhetschef who decides, or the unit. A change without one is refused (HSF 4 kap. 1 §).]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert In(decidedAt, 0, 1, dateTime, [[When it was decided; now when left out.]])
* insert In(physician, 0, 1, Reference, [[The medicinskt ledningsansvarig läkare who assessed the reasons (R46). A warning where a regional unit names none.]])
* insert To(0, PractitionerRole)
* insert In(decisionReason, 0, 1, string, [[Why the request is refused; needed then.]])
* insert In(endReason, 0, 1, code, [[Why the assignment ends: byte-patient, byte-verksamhet or overgang-vuxen; byte-patient when left out and the patient or a relative asks, else byte-verksamhet.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(ContactChangeReasonVS)
* insert In(practitionerRole, 0, 1, Reference, [[The new contact; needed where the change is granted.]])
* insert To(0, PractitionerRole)
* insert In(at, 0, 1, dateTime, [[When the new contact takes over: a day, from its first moment, or a moment; now when left out. May lie ahead.]])
* insert InGroup(handover, 0, 1, [[That the new contact gets full information (R47): done, or planned where at lies ahead.]])
* insert PartOf(at, 1, 1, dateTime, [[When.]])
* insert PartOf(how, 1, 1, code, [[How.]])
* parameter[=].part[=].binding.strength = #required
* parameter[=].part[=].binding.valueSet = Canonical(HandoverFormVS)
* insert PartOf(by, 0, 1, Reference, [[Who hands over; the contact before, when left out.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Practitioner)
* insert PartOf(place, 0, 1, string, [[Where, in words.]])
* insert In(telecom, 0, *, ContactPoint, [[How the patient reaches the new contact, beside what the role says (R43).]])
* insert In(keepTelecom, 0, 1, boolean, [[Whether the numbers and addresses of the assignment stay as they are, such as the unit's own line.]])
* insert In(viaTeam, 0, 1, Reference, [[The team through which the new contact is reached (R40); the same as before when left out and the unit stays the same.]])
* insert To(0, CareTeam)
* insert In(basis, 0, 1, code, [[Why the new contact is appointed; as before when left out (R4).]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(AppointmentBasisVS)
* insert In(reviewDate, 0, 1, date, [[When the need is assessed again; as before when left out (R20).]])
* insert In(note, 0, 1, string, [[A note that the patient and other caregivers may read (R114).]])
* insert In(task, 0, 1, Reference, [[The Task (byte-av-kontakt) that asked for the change: completed, or rejected, in the same transaction.]])
* insert To(0, Task)
* insert Out(return, 1, 1, CareTeam, [[The new assignment; where the change is refused, the one that stays.]])
* insert Out(ended, 0, 1, CareTeam, [[The assignment that ends.]])
* insert Out(task, 0, 1, Task, [[The Task that asked for the change, or that keeps the refused request.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])

RuleSet: EndParameters
* insert In(reason, 1, 1, code, [[Why (R20).]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(EndReasonVS)
* insert In(at, 0, 1, dateTime, [[When it ends; a day is included whole. Now when left out; at avliden the patient's death, where that is known. May lie ahead: the assignment then stays active until then.]])
* insert In(note, 0, 1, string, [[A note that the patient and other caregivers may read (R114).]])

Instance: CareTeam-end-fast-vardkontakt
InstanceOf: OperationDefinition
Usage: #definition
* insert LifeCycleOperation(EndFastVardkontakt, [[End a fixed contact]], end-fast-vardkontakt, CareTeam)
* affectsState = true
* type = false
* instance = true
* description = "Ends one assignment with its reason (R20, R48). A change on request has its own operation, and so has a refusal by the patient."
* insert EndParameters
* insert Out(return, 1, 1, CareTeam, [[The assignment as it ends.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])

Instance: Patient-end-fast-vardkontakt
InstanceOf: OperationDefinition
Usage: #definition
* insert LifeCycleOperation(EndFastVardkontakt, [[End all fixed contacts of a patient]], end-fast-vardkontakt, Patient)
* affectsState = true
* type = false
* instance = true
* description = "Ends all of a patient's fixed contacts with one reason, such as avliden or flyttat, all or none (R20). What was planned and has not begun is taken back."
* insert EndParameters
* insert Out(return, 0, *, CareTeam, [[Each assignment that ends.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])

RuleSet: DeclineParameters
* insert In(by, 0, 1, Reference, [[Who said so: the patient, or somebody for the patient; the patient when left out.]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert In(at, 0, 1, dateTime, [[When; now when left out.]])
* insert In(reason, 0, 1, string, [[Why, in the patient's words.]])
* insert In(askAgain, 0, 1, date, [[The day from which the patient may be asked again.]])
* insert In(withdraw, 0, 1, boolean, [[true takes a refusal back.]])

Instance: CareTeam-decline-fast-vardkontakt
InstanceOf: OperationDefinition
Usage: #definition
* insert LifeCycleOperation(DeclineFastVardkontakt, [[The patient declines this contact]], decline-fast-vardkontakt, CareTeam)
* affectsState = true
* type = false
* instance = true
* description = "The patient says no to this contact: the assignment ends as declined, and the refusal stands until the patient takes it back (R7)."
* insert DeclineParameters
* insert Out(return, 1, 1, CareTeam, [[The assignment with the patient's decision.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])

Instance: Patient-decline-fast-vardkontakt
InstanceOf: OperationDefinition
Usage: #definition
* insert LifeCycleOperation(DeclineFastVardkontakt, [[The patient declines to have a contact]], decline-fast-vardkontakt, Patient)
* affectsState = true
* type = false
* instance = true
* description = "The patient says no to a type of fixed contact: the refusal is stored, contacts of the type end as declined in the same transaction, and the refusal stands until the patient takes it back (R7)."
* insert In(type, 0, 1, code, [[Type of fixed contact; 1 when left out.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = $TypAvFastKontaktVS
* insert In(unit, 0, 1, Reference, [[The unit that asked, and keeps the refusal.]])
* insert To(0, Organization)
* insert DeclineParameters
* insert Out(return, 1, 1, CareTeam, [[The refusal: a CareTeam of the type without a member.]])
* insert Out(ended, 0, *, CareTeam, [[Each contact of the type that ended by it.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])

RuleSet: InformationParameters
* insert In(by, 1, 1, Reference, [[Who informed (R10).]])
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert To(2, Organization)
* insert In(at, 0, 1, dateTime, [[When; now when left out.]])
* insert In(channel, 1, 1, code, [[How: besok, telefon, video, brev, 1177.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(InformationChannelVS)
* insert In(recipient, 0, *, Reference, [[Who was told: the patient, or relatives where the patient can't receive it. Without one the call is refused (PL 3 kap. 2 §).]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert In(reason, 0, 1, string, [[Why relatives were told and not the patient; needed then (PL 3 kap. 4 §).]])
* insert In(secrecyPrevents, 0, 1, boolean, [[Whether secrecy stands in the way of telling a relative: true refuses; false says that it was assessed (PL 3 kap. 5 §).]])
* insert In(text, 0, 1, string, [[What was said.]])
* insert In(adaptation, 0, 1, string, [[How it was adapted: age, maturity, language, interpreter (R11; PL 3 kap. 6 §).]])

Instance: CareTeam-record-information
InstanceOf: OperationDefinition
Usage: #definition
* insert LifeCycleOperation(RecordInformation, [[Record that the patient was told who the contact is]], record-information, CareTeam)
* affectsState = true
* type = false
* instance = true
* description = "Who told the patient, or a relative, who the contact is and how to reach them: when and how. Stores a Communication, and notes it on the assignment, in one transaction (R10, R11; PL 3 kap.)."
* insert InformationParameters
* insert Out(return, 1, 1, Communication, [[The information.]])
* insert Out(careTeam, 1, 1, CareTeam, [[The assignment, with information-given.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])

Instance: Patient-record-information
InstanceOf: OperationDefinition
Usage: #definition
* insert LifeCycleOperation(RecordInformation, [[Record that the patient was told that a contact is possible]], record-information, Patient)
* affectsState = true
* type = false
* instance = true
* description = "Who told the patient, or a relative, that a fast vårdkontakt and a fast läkarkontakt are possible: when and how (R9, R11; PL 3 kap. 2 §)."
* insert InformationParameters
* insert Out(return, 1, 1, Communication, [[The information.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])

Instance: CareTeam-reviews-due
InstanceOf: OperationDefinition
Usage: #definition
* insert LifeCycleOperation(ReviewsDue, [[Fixed contacts to assess again]], reviews-due, CareTeam)
* affectsState = false
* type = true
* instance = false
* description = "The active assignments whose need is to be assessed again by a day (R20), the longest overdue first: with patient, contact, and how many days overdue. Page by page."
* insert In(unit, 0, *, string, [[Only assignments that these units answer for: Organization/[id].]])
* parameter[=].searchType = #reference
* insert In(before, 0, 1, date, [[Due on this day or before; today when left out.]])
* insert In(type, 0, *, code, [[Only contacts of these types.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = $TypAvFastKontaktVS
* insert In(_count, 0, 1, integer, [[How many to a page.]])
* insert Out(return, 1, 1, Bundle, [[The assignments, and the patients, roles and persons they refer to.]])
