// Reading a patient's named contacts: the operation, its answer, and what GetCareManagers asks for beside.

Instance: Patient-named-contacts
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "NamedContacts"
* title = "Read a patient's named contacts"
* kind = #operation
* affectsState = false
* code = #named-contacts
* resource = #Patient
* system = false
* type = true
* instance = true
* description = "Who are this patient's named contacts, in which role, reachable how, and who answers right now (R43–R45, R53, R112–R114, R118, R121, R122; GetCareManagers). On a patient, or for all patients by identifier."
* insert In(identifier, 0, 1, string, [[system|value of the patient: personnummer, samordningsnummer or nationellt reservnummer, 12 characters without separator. The system may be an OID, and may be left out. Required without a patient id; not allowed with one (R122).]])
* parameter[=].searchType = #token
* insert In(type, 0, *, code, [[Only contacts of these types, or with these local titles, such as kontaktsjukskoterska (R121).]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(ContactTypeOrTitleVS)
* insert In(careGiver, 0, 1, string, [[Only contacts of this vårdgivare: HSA-id, system|value, or Organization/id (R121).]])
* insert In(careUnit, 0, 1, string, [[Only contacts of this vårdenhet, or of a part of it: HSA-id, system|value, or Organization/id (R121).]])
* insert In(careProcess, 0, 1, string, [[Only contacts of this hälsoärende: system|value, value, or EpisodeOfCare/id (R121).]])
* insert In(status, 0, *, code, [[Only assignments with these statuses. Left out: active; with date or at, inactive too; with history, suspended too.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = "http://hl7.org/fhir/ValueSet/care-team-status"
* insert In(date, 0, 1, date, [[Contacts that held at some time of this day.]])
* insert In(at, 0, 1, instant, [[Contacts that held at this moment, and who answered then; now when left out.]])
* insert In(history, 0, 1, boolean, [[All assignments, whenever they held, with periods and reasons (R48).]])
* insert In(audience, 0, 1, code, [[Who reads the answer; professional when left out. A patient never gets internal notes, nor what is not approved for patients (R113, R114).]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(AudienceVS)
* insert Out(return, 1, 1, Bundle, [[The CareTeams of the contacts, and the PractitionerRoles, Practitioners, Organizations, teams, hälsoärenden and Provenances they lead to.]])
* parameter[=].targetProfile[0] = Canonical(NamedContactsBundle)

ValueSet: ContactTypeOrTitleVS
Id: contact-type-or-title
Title: "Typ av fast kontakt eller lokal benämning"
Description: "What named contacts are asked for by: the national type, or a local title. GetCareManagers lists kontaktsjuksköterska beside the types, and the national codes lack it."
* insert Metadata
* include codes from system $TypAvFastKontakt
* include codes from system ContactTitleCS

CodeSystem: AudienceCS
Id: audience
Title: "Mottagare"
Description: "Who reads an answer (R113, R114)."
* insert SwedishCodes
* #professional "Vård- och omsorgspersonal"
* #patient "Patienten, eller någon i patientens ställe"

ValueSet: AudienceVS
Id: audience
Title: "Mottagare"
Description: "Who reads an answer."
* insert AllOf(AudienceCS)

CodeSystem: MonthCS
Id: month
Title: "Månad"
Description: "Months in which hours hold (GetCareManagers, HoursOfServiceType)."
* insert SwedishCodes
* #jan "januari"
* #feb "februari"
* #mar "mars"
* #apr "april"
* #may "maj"
* #jun "juni"
* #jul "juli"
* #aug "augusti"
* #sep "september"
* #oct "oktober"
* #nov "november"
* #dec "december"

ValueSet: MonthVS
Id: month
Title: "Månad"
Description: "The months."
* insert AllOf(MonthCS)

Extension: ContactNote
Id: contact-note
Title: "Note on a way to reach somebody"
Description: "What to know about a way to reach somebody, such as that one leaves a number and is called back (R43). The patient reads it."
Context: ContactPoint
* insert Metadata
* value[x] 1..1
* value[x] only string

Extension: ContactAddress
Id: contact-address
Title: "Contact address"
Description: "Where to visit or write to a contact or a team; R4's CareTeam has no address (GetCareManagers, ContactType.address)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only Address

Extension: WhoAnswers
Id: who-answers
Title: "Who answers"
Description: "Who answers for a fixed contact at a moment, and the ways that are open then (R43–R45): the contact, a deputy, or else the team, the unit or the vårdgivare. It is computed for an answer and never stored, so it stands beside the CareTeam and not in it."
Context: Bundle.entry.search
* insert Metadata
* extension contains at 1..1 MS and away 1..1 MS and atOnce 1..1 MS and who 0..1 MS and telecom 0..* MS
* insert Part(at, [[The moment asked about]])
* extension[at].value[x] only instant
* insert Part(away, [[Whether the contact is absent then]])
* extension[away].value[x] only boolean
* insert Part(atOnce, [[Whether somebody answers at once; else a message may be left]])
* extension[atOnce].value[x] only boolean
* insert Part(who, [[Who answers; nobody, when left out]])
* extension[who].value[x] only Reference(PractitionerRole or CareTeam or Organization)
* insert Part(telecom, [[The open ways, those answered at once first]])
* extension[telecom].value[x] only ContactPoint

Profile: NamedContactsBundle
Parent: Bundle
Id: named-contacts-bundle
Title: "A patient's named contacts"
Description: "The answer of $named-contacts: the CareTeams as matches, each with who answers right now; what they lead to as included (R53)."
* insert Metadata
* type = #searchset
* insert Element(type, [[Always `searchset`.]])
* total 1..1
* insert Element(total, [[The number of contacts.]])
* insert Element(entry, [[Contacts, and what they lead to.]])
* entry.search.extension contains WhoAnswers named who-answers 0..1 MS
* entry.search.extension[who-answers] ^short = "Who answers for the contact at the moment asked about. R43–R45"

// What Inera's CareTeam guide (0.9) leaves open, as requirements on a producer: a proposal that others can adopt.

RuleSet: Expect(path, strength)
* {path}.extension[0].url = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation"
* {path}.extension[0].valueCode = #{strength}

RuleSet: Read(index, type)
* rest[0].resource[{index}].type = #{type}
* rest[0].resource[{index}].interaction[0].code = #read
* rest[0].resource[{index}].interaction[0].documentation = "By the reference that the answer of $named-contacts gives."
* insert Expect(rest[0].resource[{index}].interaction[0], SHOULD)

Instance: named-contacts-1177
InstanceOf: CapabilityStatement
Usage: #definition
* insert InstanceMetadata
* name = "NamedContacts1177"
* title = "Named contacts for 1177: what a producer does"
* description = "Interactions, parameters and answers of a producer of named contacts, which Inera's CareTeam guide 0.9 leaves open. docs/national/named-contacts-1177.md has the error table, examples and service levels. A producer that answers in R5 puts the same content into the profiles of Inera's guide."
* date = "2026-11-27"
* kind = #requirements
* fhirVersion = #4.0.1
* format[0] = #application/fhir+json
* rest[0].mode = #server
* rest[0].documentation = "One request gives a person's named contacts with all that a reader needs. Errors are OperationOutcomes with the id of the request in X-Request-Id, and never hold personal data (R119)."
* rest[0].resource[0].type = #Patient
* rest[0].resource[0].operation[0].name = "named-contacts"
* rest[0].resource[0].operation[0].definition = Canonical(Patient-named-contacts)
* rest[0].resource[0].operation[0].documentation = "POST Patient/$named-contacts with identifier and audience=patient, in application/fhir+json; fhirVersion=5.0 for Inera's profiles."
* insert Expect(rest[0].resource[0].operation[0], SHALL)
* rest[0].resource[1].type = #CareTeam
* rest[0].resource[1].supportedProfile[0] = Canonical(SECareTeamFastKontakt)
* rest[0].resource[1].supportedProfile[1] = Canonical(SECareTeamTeam)
* rest[0].resource[1].interaction[0].code = #search-type
* rest[0].resource[1].interaction[0].documentation = "Beside the operation, for who reads teams and contacts one by one."
* insert Expect(rest[0].resource[1].interaction[0], SHOULD)
* rest[0].resource[1].interaction[1].code = #read
* insert Expect(rest[0].resource[1].interaction[1], SHOULD)
* rest[0].resource[1].searchInclude[0] = "CareTeam:participant"
* rest[0].resource[1].searchParam[0].name = "patient"
* rest[0].resource[1].searchParam[0].definition = "http://hl7.org/fhir/SearchParameter/clinical-patient"
* rest[0].resource[1].searchParam[0].type = #reference
* rest[0].resource[1].searchParam[0].documentation = "Also chained, patient.identifier, by POST _search: an identity number does not belong in a URL."
* insert Expect(rest[0].resource[1].searchParam[0], SHOULD)
* rest[0].resource[1].searchParam[1].name = "category"
* rest[0].resource[1].searchParam[1].definition = "http://hl7.org/fhir/SearchParameter/CareTeam-category"
* rest[0].resource[1].searchParam[1].type = #token
* insert Expect(rest[0].resource[1].searchParam[1], SHOULD)
* rest[0].resource[1].searchParam[2].name = "status"
* rest[0].resource[1].searchParam[2].definition = "http://hl7.org/fhir/SearchParameter/CareTeam-status"
* rest[0].resource[1].searchParam[2].type = #token
* insert Expect(rest[0].resource[1].searchParam[2], SHOULD)
* rest[0].resource[1].searchParam[3].name = "date"
* rest[0].resource[1].searchParam[3].definition = "http://hl7.org/fhir/SearchParameter/clinical-date"
* rest[0].resource[1].searchParam[3].type = #date
* insert Expect(rest[0].resource[1].searchParam[3], MAY)
* rest[0].resource[1].searchParam[4].name = "role"
* rest[0].resource[1].searchParam[4].definition = Canonical(CareTeam-role)
* rest[0].resource[1].searchParam[4].type = #token
* insert Expect(rest[0].resource[1].searchParam[4], MAY)
* insert Read(2, PractitionerRole)
* insert Read(3, Practitioner)
* insert Read(4, Organization)
