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

ValueSet: NeedCriteriaVS
Id: need-criteria
Title: "Kriterier för behov av fast vårdkontakt"
Description: "What makes a person a candidate."
* insert AllOf(NeedCriteriaCS)

ValueSet: ContactTaskVS
Id: contact-task
Title: "Den fasta kontaktens uppgifter"
Description: "What a fixed contact does."
* insert AllOf(ContactTaskCS)

ValueSet: PatientDecisionVS
Id: patient-decision
Title: "Patientens beslut"
Description: "Accepted or declined."
* insert AllOf(PatientDecisionCS)

ValueSet: ChangeDecisionVS
Id: change-decision
Title: "Beslut om byte av kontakt"
Description: "Granted or refused."
* insert AllOf(ChangeDecisionCS)

ValueSet: TaskCodeVS
Id: task-code
Title: "Typ av uppgift"
Description: "What somebody has to do."
* insert AllOf(TaskCodeCS)

ValueSet: CommunicationCategoryVS
Id: communication-category
Title: "Typ av meddelande"
Description: "What was told or sent."
* insert AllOf(CommunicationCategoryCS)

ValueSet: ServiceTypeVS
Id: service-type
Title: "Typ av möte"
Description: "Kinds of meeting."
* insert AllOf(ServiceTypeCS)

ValueSet: MeetingFormVS
Id: meeting-form
Title: "Mötesform"
Description: "Where and how a meeting is held."
* insert AllOf(MeetingFormCS)

ValueSet: AppointmentReasonVS
Id: appointment-reason
Title: "Skäl till fast vårdkontakt"
Description: "The four needs of the law, the criteria that tell who has them, and how the illness runs (R2, R18, R19)."
* insert Metadata
* include codes from system AppointmentGroundsCS
* include codes from system NeedCriteriaCS
* include codes from system CareCourseCS

ValueSet: FollowUpCodeVS
Id: follow-up-code
Title: "Typ av uppföljning"
Description: "Follow-up of a plan, or a new assessment of the need of a contact (R20, R92)."
* insert Metadata
* TaskCodeCS#uppfoljning
* TaskCodeCS#omprovning

ValueSet: DischargeMessageVS
Id: discharge-message
Title: "Meddelanden vid utskrivning"
Description: "The messages of lagen (2017:612), 2 and 3 kap. (R55–R63)."
* insert Metadata
* CommunicationCategoryCS#inskrivningsmeddelande
* CommunicationCategoryCS#andrad-utskrivning
* CommunicationCategoryCS#utskrivningsklar
* CommunicationCategoryCS#utskrivningsklar-atertagen
* CommunicationCategoryCS#utskrivningsinformation

ValueSet: PatientInformationVS
Id: patient-information
Title: "Information till patienten"
Description: "What the patient has to be told (R9, R10, R64)."
* insert Metadata
* CommunicationCategoryCS#mojlighet-till-kontakt
* CommunicationCategoryCS#vem-som-ar-kontakt
* CommunicationCategoryCS#skriftlig-utskrivningsinformation

ValueSet: VardplanTypeVS
Id: vardplan-type
Title: "Plantyper utom SIP"
Description: "Inera's types of plan but SIP, which has a profile of its own (R86)."
* insert Metadata
* TypeOfCarePlanCS#SPLPTLRV
* TypeOfCarePlanCS#SPU
* TypeOfCarePlanCS#VP
* TypeOfCarePlanCS#HP
* TypeOfCarePlanCS#RP
* TypeOfCarePlanCS#GP
* TypeOfCarePlanCS#SVP

ValueSet: SecurityLabelVS
Id: security-label
Title: "Märkning av skyddade personer"
Description: "HL7 Sweden's labels of SecurityLabelVS, listed again so that they can be checked without its package (R118)."
* insert Metadata
* $ActCode#DEMO
* $SESecurityLabel#sekretessmarkering
* $SESecurityLabel#skyddadFolkbokforing
