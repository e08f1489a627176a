RuleSet: AllOf(system)
* insert Metadata
* include codes from system {system}

ValueSet: AppointmentBasisVS
Id: appointment-basis
Title: "Grund för att en fast kontakt utses"
Description: "Why a fixed contact was appointed."
* insert AllOf(AppointmentBasisCS)

ValueSet: AppointmentGroundsVS
Id: appointment-grounds
Title: "Behov som fast vårdkontakt tillgodoser"
Description: "The four needs of patientlagen 6 kap. 2 §."
* insert AllOf(AppointmentGroundsCS)

ValueSet: HuvudmanVS
Id: huvudman
Title: "Huvudman"
Description: "Region, municipality or somebody else."
* insert AllOf(HuvudmanCS)

ValueSet: OverallResponsibleHuvudmanVS
Id: overall-responsible-huvudman
Title: "Huvudman med det övergripande ansvaret"
Description: "Only a region or a municipality can have overall responsibility for a SIP (SoL 10 kap. 8 §, HSL 16 kap. 4 §)."
* insert Metadata
* HuvudmanCS#region
* HuvudmanCS#kommun

ValueSet: ConsentCategoryVS
Id: consent-category
Title: "Typ av samtycke"
Description: "What a consent is about."
* insert AllOf(ConsentCategoryCS)

ValueSet: ConsentFormVS
Id: consent-form
Title: "Samtyckets form"
Description: "Oral or written."
* insert AllOf(ConsentFormCS)

ValueSet: EndReasonVS
Id: end-reason
Title: "Skäl till att en fast kontakt avslutas"
Description: "Why an assignment ended."
* insert AllOf(EndReasonCS)

ValueSet: InformationChannelVS
Id: information-channel
Title: "Informationsväg"
Description: "How information or a copy was given."
* insert AllOf(InformationChannelCS)

ValueSet: InformationRecipientVS
Id: information-recipient
Title: "Mottagare av information"
Description: "Who was informed."
* insert AllOf(InformationRecipientCS)

ValueSet: ContactTitleVS
Id: contact-title
Title: "Lokal benämning på fast vårdkontakt"
Description: "Local titles beside the national type."
* insert AllOf(ContactTitleCS)

ValueSet: CertificateVS
Id: certificate
Title: "Bevis om skyddad yrkestitel"
Description: "Certificates that are no licence."
* insert AllOf(CertificateCS)

ValueSet: PlanCategoryVS
Id: plan-category
Title: "Plankategori"
Description: "National types of care plan, and patientkontrakt."
* insert Metadata
* include codes from system TypeOfCarePlanCS
* include codes from system PlanCategoryCS

ValueSet: LawVS
Id: law
Title: "Lagrum"
Description: "Paragraphs of law."
* insert AllOf(LawCS)

ValueSet: NewPlanStatusVS
Id: new-plan-status
Title: "Status of a new plan"
Description: "What a plan may start as: a draft, or active at once."
* insert Metadata
* http://hl7.org/fhir/request-status#draft
* http://hl7.org/fhir/request-status#active
