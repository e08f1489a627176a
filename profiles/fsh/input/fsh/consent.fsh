// Consent: to a SIP, to reading what others documented, and the spärr.

RuleSet: ConsentElements
* insert Element(identifier, [[Identity in the source system.]])
* insert Element(scope, [[`patient-privacy`.]])
* scope = $ConsentScope#patient-privacy
* category ^slicing.discriminator.type = #pattern
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* insert Element(patient, [[Whose consent it is; R4's ppc-2 asks for it.]])
* insert Element(dateTime, [[When it was given; needed once active.]])
* performer only Reference(Patient or RelatedPerson)
* insert Element(performer, [[Who gave it: the person, or a child's guardians. Needed once active. R80]])
* insert Element(organization, [[Who documented it.]])
* policyRule from LawVS (extensible)
* insert Element(policyRule, [[The paragraph. R4 asks for a policy or a policyRule.]])
* insert Element(provision, [[What it says.]])
* insert Element(provision.period, [[From when, until when. R78, R111]])

Profile: SipConsent
Parent: Consent
Id: sip-consent
Title: "Consent to a SIP"
Description: "The person's consent to a SIP: oral or written, limited to actors and time, withdrawn at any time (R75, R78, R80)."
* insert Metadata
* extension contains
    ConsentForm named consent-form 0..1 MS and
    ChildsView named childs-view 0..1 MS and
    ConsentDocumentedBy named consent-documented-by 0..1 MS and
    ConsentWithdrawal named consent-withdrawal 0..* MS
* extension[consent-form] ^short = "muntligt or skriftligt; both are valid. R78"
* extension[childs-view] ^short = "That a child was informed and asked, and what it thinks. R80"
* extension[consent-documented-by] ^short = "Who wrote it down. R78"
* extension[consent-withdrawal] ^short = "Each withdrawal, whole or in part. R78"
* insert ConsentElements
* insert Element(status, [[`active`; `inactive` once withdrawn. R78]])
* category contains sip 1..1 MS
* insert Element(category, [[At least the slice `sip`; a consent to SVOD may be given with it. R111]])
* category[sip] = ConsentCategoryCS#sip
* category[sip] ^short = "`sip` of consent-category."
* insert Element(source[x], [[The signed paper, if there is one.]])
* insert Element(provision.type, [[`permit` or `deny`; needed once active.]])
* insert Element(provision.actor, [[Who may take part and read; all concerned, when left out. R78, R94]])
* insert Element(provision.class, [[Kinds of information, when limited. R78]])
* provision.class from InformationClassVS (extensible)
* insert Element(provision.provision, [[An exception: what a permission leaves out, for whom and of what kind. R78]])
* obeys co-1 and co-2

Profile: SvodConsent
Parent: Consent
Id: svod-consent
Title: "Consent to sammanhållen vård- och omsorgsdokumentation"
Description: "The patient's consent that a caregiver reads what others have documented (R110, R111; lagen 2022:913). It does not cover individ- och familjeomsorg or school."
* insert Metadata
* extension contains ConsentForm named consent-form 0..1 MS
* extension[consent-form] ^short = "muntligt or skriftligt. R78"
* insert ConsentElements
* insert Element(status, [[`active`; `inactive` once withdrawn. R111]])
* category contains svod 1..1 MS
* insert Element(category, [[At least the slice `svod`.]])
* category[svod] = ConsentCategoryCS#svod
* category[svod] ^short = "`svod` of consent-category."
* insert Element(provision.type, [[`permit`; `deny` when the patient says no.]])
* insert Element(provision.actor, [[The caregiver that may read. R111]])
* insert Element(provision.purpose, [[Why: care of the patient, or another purpose the law allows.]])
* obeys co-1 and co-2 and co-3

Profile: SparrConsent
Parent: Consent
Id: sparr-consent
Title: "Spärr"
Description: "The patient's block of what a unit or a caregiver has documented against the others (R111, R112). Who set it aside, and why, is logged (R115)."
* insert Metadata
* insert ConsentElements
* insert Element(status, [[`active`; `inactive` once lifted.]])
* category contains sparr 1..1 MS
* insert Element(category, [[At least the slice `sparr`.]])
* category[sparr] = ConsentCategoryCS#sparr
* category[sparr] ^short = "`sparr` of consent-category."
* provision 1..1
* provision.type 1..1
* provision.type = #deny
* insert Element(provision.type, [[`deny`: a spärr never permits.]])
* insert Element(provision.dataPeriod, [[What was documented in this time is blocked; blockComparisonTime is compared with it. R112]])
* provision.actor 1..*
* insert Element(provision.actor, [[The vårdgivare (outer spärr) or vårdenhet (inner) whose information is blocked. R112]])
* obeys co-1

Invariant: co-1
Description: "An active consent says who gave it, when, and whether it permits or denies (R78)."
Severity: #error
Expression: "status = 'active' implies (performer.exists() and dateTime.exists() and provision.type.exists())"

Invariant: co-2
Description: "A withdrawn consent says when it ended (R78)."
Severity: #warning
Expression: "status = 'inactive' implies provision.period.end.exists()"

Invariant: co-3
Description: "A consent to read what others documented names the caregiver that may (R111)."
Severity: #error
Expression: "provision.type = 'permit' implies provision.actor.exists()"

Extension: ConsentForm
Id: consent-form
Title: "Form of the consent"
Description: "Whether the consent was given orally or in writing; either is valid, and either is documented (R78)."
Context: Consent
* insert Metadata
* value[x] 1..1
* value[x] only code
* valueCode from ConsentFormVS (required)
