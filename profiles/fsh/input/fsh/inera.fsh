// Inera's own definitions, under Inera's own URLs, so that our data means the same to 1177 and NPÖ.
// Sources: Inera CareTeam v0.9 (draft, R5), EHDS-TK (R4). Definitions are worded by this project.

RuleSet: IneraMetadata
* ^experimental = false
* ^jurisdiction = urn:iso:std:iso:3166#SE
* ^publisher = "Inera AB"

CodeSystem: TypAvFastKontaktCS
Id: typ-av-fast-kontakt-cs
Title: "Typ av fast kontakt"
Description: "National codes for the type of fixed contact (OID 1.2.752.129.5.1.69). Codes and displays are Inera's."
* insert IneraMetadata
* ^url = $TypAvFastKontakt
* ^version = "0.9"
* ^status = #active
* ^language = #sv
* ^caseSensitive = true
* ^content = #complete
* ^identifier.system = "urn:ietf:rfc:3986"
* ^identifier.value = "urn:oid:1.2.752.129.5.1.69"
* #1 "fast vårdkontakt" "Namngiven person som samordnar vården för patienten (patientlagen 6 kap. 2 §)."
* #2 "fast läkarkontakt i primärvård" "Namngiven läkare i primärvården där patienten är listad (patientlagen 6 kap. 3 §)."
* #3 "fast omsorgskontakt i hemtjänsten" "Namngiven undersköterska i hemtjänsten (socialtjänstlagen 10 kap. 7 §)."
* #4 "fast vårdkontakt med övergripande samordningsansvar" "Den av flera fasta vårdkontakter som samordnar helheten."

ValueSet: TypAvFastKontaktVS
Id: typ-av-fast-kontakt-vs
Title: "Typ av fast kontakt"
Description: "The types of fixed contact."
* insert IneraMetadata
* ^url = $TypAvFastKontaktVS
* ^version = "0.9"
* ^status = #active
* include codes from system TypAvFastKontaktCS

CodeSystem: TypAvCareTeamCS
Id: typ-av-careteam-cs
Title: "Typ av CareTeam"
Description: "Tells a fixed contact from a team. Codes and displays are Inera's."
* insert IneraMetadata
* ^url = $TypAvCareTeam
* ^version = "0.9"
* ^status = #active
* ^language = #sv
* ^caseSensitive = false
* ^content = #complete
* #fast-kontakt "Fast kontakt" "En namngiven fast kontakt för en person."
* #team "Team" "Ett vård- eller omsorgsteam."

ValueSet: TypAvCareTeamVS
Id: typ-av-careteam-vs
Title: "Typ av CareTeam"
Description: "The kinds of CareTeam."
* insert IneraMetadata
* ^url = "https://fhir.inera.se/ig/careteam/ValueSet/typ-av-careteam-vs"
* ^version = "0.9"
* ^status = #active
* include codes from system TypAvCareTeamCS

CodeSystem: TypeOfCarePlanCS
Id: typeofcareplan-cs
Title: "Typ av vård- och omsorgsplan"
Description: "Types of care plan, from the service contract GetCarePlans (clinicalprocess:logistics:logistics). Codes and displays are Inera's."
* insert IneraMetadata
* ^url = $TypeOfCarePlan
* ^version = "3.0.13"
* ^status = #active
* ^copyright = "Codes and displays: Inera AB, CC BY 4.0."
* ^language = #sv
* ^caseSensitive = true
* ^content = #complete
* insert PlanType(SIP, Samordnad individuell plan)
* insert PlanType(SPLPTLRV, Samordnad plan enligt LPT och LRV)
* insert PlanType(SPU, Samordnad plan vid utskrivning)
* insert PlanType(VP, Vårdplan)
* insert PlanType(HP, Habiliteringsplan)
* insert PlanType(RP, Rehabiliteringsplan)
* insert PlanType(GP, Genomförandeplan)
* insert PlanType(SVP, Standardiserad vårdplan)

// Inera's display is the abbreviation; people read the designation.
RuleSet: PlanType(code, name)
* #{code} "{code}" "{name}"
* #{code} ^designation[0].language = #sv
* #{code} ^designation[0].value = "{name}"

ValueSet: TypeOfCarePlanVS
Id: typeofcareplan-vs
Title: "Typ av vård- och omsorgsplan"
Description: "All types of care plan."
* insert IneraMetadata
* ^url = $TypeOfCarePlanVS
* ^version = "3.0.13"
* ^status = #active
* include codes from system TypeOfCarePlanCS

Extension: ContactViaTeam
Id: riv-contact-via-team-extension
Title: "Kontakt via team"
Description: "The team through which a fixed contact is reached (R40). Inera's extension, declared here for R4."
Context: CareTeam.participant
* insert IneraMetadata
* ^url = $ContactViaTeam
* ^version = "0.9"
* value[x] 1..1
* value[x] only Reference(CareTeam)

Extension: ApprovedForPatient
Id: approved-for-patient
Title: "Godkänd för patient"
Description: "Whether the patient may read this through patient access (R113). Inera's extension, which this project also uses of fixed contacts."
* insert IneraMetadata
* ^context[0].type = #element
* ^context[0].expression = "CarePlan"
* ^context[1].type = #element
* ^context[1].expression = "CareTeam"
* ^url = $ApprovedForPatient
* ^version = "0.1.0"
* value[x] 1..1
* value[x] only boolean
