// Consent: what a SIP rests on.

Profile: SipConsent
Parent: Consent
Id: sip-consent
Title: "Consent to a SIP"
Description: "The person's consent to a SIP: oral or written, limited to actors and time, withdrawn at any time (R75, R78, R80)."
* insert Metadata
* extension contains ConsentForm named consent-form 0..1 MS
* identifier MS
* status MS
* scope MS
* scope = $ConsentScope#patient-privacy
* category MS
* category ^slicing.discriminator.type = #pattern
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* category contains sip 1..1 MS
* category[sip] = ConsentCategoryCS#sip
* patient 1..1 MS
* dateTime MS
* performer MS
* performer only Reference(Patient or RelatedPerson)
* performer ^short = "Who gave it: the person, or a child's guardians (R80)"
* organization MS
* organization ^short = "Who documented it"
* source[x] MS
* policyRule MS
* policyRule from LawVS (extensible)
* provision MS
* provision.type MS
* provision.period MS
* provision.actor MS
* provision.actor ^short = "Whom it lets take part; all concerned, when left out (R78)"
* provision.class MS
* obeys co-1

Invariant: co-1
Description: "An active consent says who gave it, when, and whether it permits or denies (R78)."
Severity: #error
Expression: "status = 'active' implies (performer.exists() and dateTime.exists() and provision.type.exists())"

Extension: ConsentForm
Id: consent-form
Title: "Form of the consent"
Description: "Whether the consent was given orally or in writing; either is valid, and either is documented (R78)."
Context: Consent
* insert Metadata
* value[x] 1..1
* value[x] only code
* valueCode from ConsentFormVS (required)
