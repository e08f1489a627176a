// The person's consent to a SIP: recorded, withdrawn, and what it lets each actor see.

Instance: Patient-record-sip-consent
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "RecordSipConsent"
* title = "Record a consent to a SIP"
* kind = #operation
* affectsState = true
* code = #record-sip-consent
* resource = #Patient
* system = false
* type = false
* instance = true
* description = "Writes down what the person has said about a SIP, as a Consent: yes or no, orally or in writing, for whom and for which kinds of information, from when and until when; for a child each guardian, and the child's own view (R75, R78, R80, R84; SoL 10 kap. 8 §, HSL 16 kap. 4 §, föräldrabalken 6 kap. 11 §). A no ends the active plans, in the same transaction."
* insert In(decision, 1, 1, code, [[permit or deny.]])
* insert Bound([["http://hl7.org/fhir/ValueSet/consent-provision-type"]])
* insert In(form, 1, 1, code, [[muntligt or skriftligt; both are valid (R78).]])
* insert Bound([[Canonical(ConsentFormVS)]])
* insert In(givenBy, 0, *, Reference, [[Who said so: the person, also when left out; for a child the guardians (R80).]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert In(documentedBy, 1, 1, Reference, [[Who writes it down.]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert In(at, 0, 1, dateTime, [[When it was said; now when left out.]])
* insert In(period, 0, 1, Period, [[From when, until when; from at on when left out (R78).]])
* insert In(actor, 0, *, Reference, [[Whom it is about; all who take part, when left out (R78, R84, R94).]])
* insert To(0, Organization)
* insert To(1, PractitionerRole)
* insert To(2, Practitioner)
* insert To(3, RelatedPerson)
* insert In(information, 0, *, code, [[Kinds of information; all when left out (R78).]])
* insert Bound([[Canonical(InformationClassVS)]])
* insert InGroup(except, 0, *, [[What a permission leaves out; at least one part (R78).]])
* insert PartOf(actor, 0, *, Reference, [[For whom; for everybody when left out.]])
* insert PartTo(0, Organization)
* insert PartTo(1, PractitionerRole)
* insert PartTo(2, Practitioner)
* insert PartTo(3, RelatedPerson)
* insert PartOf(information, 0, *, code, [[Of which kind; of all kinds when left out.]])
* insert PartBound([[Canonical(InformationClassVS)]])
* insert In(childInformed, 0, 1, boolean, [[Whether the child was informed and asked (R80).]])
* insert In(childsView, 0, 1, string, [[What the child thinks, in its own words (R80).]])
* insert In(source, 0, 1, Reference, [[The signed paper.]])
* insert To(0, DocumentReference)
* insert Out(return, 1, 1, Consent, [[The consent.]])
* insert Out(plan, 0, *, CarePlan, [[Plans that a no ended.]])
* insert Out(task, 0, *, Task, [[Kallelser and follow-ups that it cancelled.]])
* insert Out(appointment, 0, *, Appointment, [[Meetings that it cancelled, or that some no longer take part in.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[What is still asked for, such as another guardian's consent, with its paragraph.]])

Instance: Consent-withdraw-sip-consent
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "WithdrawSipConsent"
* title = "Withdraw a consent to a SIP"
* kind = #operation
* affectsState = true
* code = #withdraw-sip-consent
* resource = #Consent
* system = false
* type = false
* instance = true
* description = "Withdraws a consent to a SIP, whole or for some actors or kinds of information; at any time, and without a reason (R78). Access ends the next moment. Active plans that rested on it are revoked, and what was called for by those who no longer may take part is cancelled, in the same transaction."
* insert In(by, 1, 1, Reference, [[Who withdraws it: the person, a guardian who gave it; or the member of staff who was told.]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert To(2, PractitionerRole)
* insert In(at, 0, 1, dateTime, [[When it was said; now when left out.]])
* insert In(actor, 0, *, Reference, [[For them only; the whole consent when neither actor nor information is given.]])
* insert To(0, Organization)
* insert To(1, PractitionerRole)
* insert To(2, Practitioner)
* insert To(3, RelatedPerson)
* insert In(information, 0, *, code, [[For these kinds of information only.]])
* insert Bound([[Canonical(InformationClassVS)]])
* insert In(reason, 0, 1, string, [[Why, if the person wants to say.]])
* insert Out(return, 1, 1, Consent, [[The consent as it now is.]])
* insert Out(plan, 0, *, CarePlan, [[Plans that ended.]])
* insert Out(task, 0, *, Task, [[Kallelser and follow-ups that were cancelled.]])
* insert Out(appointment, 0, *, Appointment, [[Meetings that were cancelled, or that some no longer take part in.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Remarks.]])

Instance: CarePlan-sip-access
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "SipAccess"
* title = "Who may see a SIP"
* kind = #operation
* affectsState = false
* code = #sip-access
* resource = #CarePlan
* system = false
* type = false
* instance = true
* description = "Says for one actor, or for all who are concerned, what of a SIP the person's consent lets them see, until when, and what stands against it (R78, R94, R100; OSL 10 kap. 1 §, 12 kap. 2 §, 25 kap. 1 §, 26 kap. 1 §). The consents are those now stored."
* insert In(actor, 0, 1, Reference, [[For whom; all who take part, are called or are named in a consent, when left out. A reference can't stand in a URL: ask by POST.]])
* insert To(0, Organization)
* insert To(1, PractitionerRole)
* insert To(2, Practitioner)
* insert To(3, RelatedPerson)
* insert To(4, Patient)
* insert In(at, 0, 1, dateTime, [[For which moment; now when left out.]])
* insert OutGroup(access, 0, *, [[What one actor may see.]])
* insert OutPart(actor, 1, 1, Reference, [[The actor.]])
* insert PartTo(0, Organization)
* insert PartTo(1, PractitionerRole)
* insert PartTo(2, Practitioner)
* insert PartTo(3, RelatedPerson)
* insert PartTo(4, Patient)
* insert OutPart(allowed, 1, 1, boolean, [[Whether it may see anything.]])
* insert OutPart(information, 0, *, code, [[The kinds of information that it may see.]])
* insert OutPart(until, 0, 1, instant, [[When this ends at the latest.]])
* insert OutPart(why, 0, 1, OperationOutcome, [[What stands against it, with paragraphs.]])

Extension: ConsentDocumentedBy
Id: consent-documented-by
Title: "Who wrote the consent down"
Description: "The member of staff, beside the unit in organization (R78)."
Context: Consent
* insert Metadata
* value[x] 1..1
* value[x] only Reference(PractitionerRole or Practitioner or Organization)

Extension: ConsentWithdrawal
Id: consent-withdrawal
Title: "Withdrawal"
Description: "That the consent was withdrawn, whole or in part: when, by whom, and why if the person wanted to say (R78). What is left of it stands in provision."
Context: Consent
* insert Metadata
* extension contains at 1..1 MS and by 1..1 MS and reason 0..1 MS and whole 1..1 MS
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime
* insert Part(by, [[By whom, or told to whom]])
* extension[by].value[x] only Reference(Patient or RelatedPerson or PractitionerRole)
* insert Part(reason, [[Why]])
* extension[reason].value[x] only string
* insert Part(whole, [[Whether the whole consent was withdrawn]])
* extension[whole].value[x] only boolean
