// Systems that others own. Local code systems are named, never written as a URL.

Alias: $TypAvFastKontakt = https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt
Alias: $TypAvCareTeam = https://fhir.inera.se/ig/careteam/CodeSystem/typ-av-careteam-cs
Alias: $TypeOfCarePlan = https://fhir.inera.se/CodeSystem/typeofcareplan-cs
Alias: $TypAvFastKontaktVS = https://fhir.inera.se/ig/careteam/ValueSet/typ-av-fast-kontakt-vs
Alias: $TypeOfCarePlanVS = https://fhir.inera.se/ig/ehds-tk/ValueSet/typeofcareplan-vs
Alias: $ContactViaTeam = https://fhir.inera.se/ig/careteam/StructureDefinition/riv-contact-via-team-extension
Alias: $ApprovedForPatient = https://fhir.inera.se/ig/ehds-tk/StructureDefinition/approved-for-patient

Alias: $HsaBefattning = urn:oid:1.2.752.129.2.2.1.4
// HL7 Sweden 1.1.0 spells the OID of HSA befattning with 759 for 752; its closed value is met as it is.
Alias: $HsaBefattningAsInBase = urn:oid:1.2.759.129.2.2.1.4
Alias: $HsaVerksamhetskod = urn:oid:1.2.752.129.2.2.1.3
Alias: $Hosp = urn:oid:1.2.752.116.3.1.3
Alias: $Sosnyk = urn:oid:1.2.752.116.1.3.6
Alias: $Sct = http://snomed.info/sct

Alias: $HsaIdNtjp = urn:oid:1.2.752.129.2.1.4.1
Alias: $Personnummer = http://electronichealth.se/identifier/personnummer

Alias: $SEBasePatient = http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePatient
Alias: $SEBaseHumanName = http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseHumanName
Alias: $SEBasePractitioner = http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePractitioner
Alias: $SEBasePractitionerRole = http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePractitionerRole
Alias: $SEBaseOrganization = http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseOrganization

Alias: $ActCode = http://terminology.hl7.org/CodeSystem/v3-ActCode
Alias: $ConsentScope = http://terminology.hl7.org/CodeSystem/consentscope
Alias: $DaysOfWeek = http://hl7.org/fhir/days-of-week
Alias: $DaysOfWeekVS = http://hl7.org/fhir/ValueSet/days-of-week
Alias: $GoalPriorityVS = http://hl7.org/fhir/ValueSet/goal-priority
Alias: $RoleCode = http://terminology.hl7.org/CodeSystem/v3-RoleCode
Alias: $ProvenanceAgent = http://terminology.hl7.org/CodeSystem/provenance-participant-type
Alias: $ObjectRole = http://terminology.hl7.org/CodeSystem/object-role
Alias: $SESecurityLabel = http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel
