// Patient: the person, on HL7 Sweden's base profile.

Profile: SEPatient
Parent: $SEBasePatient
Id: se-patient
Title: "Patient"
Description: "The person, by personnummer, samordningsnummer, nationellt reservnummer or another number (R122). Labels tell that a person is protected (R118)."
* insert Metadata
* meta.security.code from SecurityLabelVS (extensible)
* insert Element(meta.security, [[`sekretessmarkering`, `skyddadFolkbokforing`, `DEMO`. R118]])
* meta.security.code ^short = "HL7 Sweden's labels, listed again so that they can be checked without its package."
* identifier 1..*
* insert Element(identifier, [[Who it is: twelve characters, no separator. R122]])
* identifier[personnummer] ^short = "personnummer."
* identifier[personnummer].value 1..1
* identifier[personnummer].value ^short = "YYYYMMDDNNNC."
* identifier[samordningsnummer] ^short = "samordningsnummer: the day plus 60."
* identifier[samordningsnummer].value 1..1
* identifier[samordningsnummer].value ^short = "As a personnummer."
* identifier[nationelltReservnummer] ^short = "nationellt reservnummer."
* identifier[nationelltReservnummer].value 1..1
* identifier[nationelltReservnummer].value ^short = "Twelve characters, with letters."
* insert Element(active, [[Whether the record is in use.]])
* name only SEHumanName
* insert Element(name, [[One name; given names and family name apart where they are known.]])
* insert Element(telecom, [[How to reach the person: told of the contact, called to the SIP. R10, R91]])
* insert Element(gender, [[Measures are reported by sex. R109]])
* insert Element(birthDate, [[Age decides whether guardians consent. R80, R123]])
* insert Element(deceased[x], [[Ends all assignments. R20]])
* insert Element(address, [[Folkbokföringsadress is part of the inskrivningsmeddelande. R56]])
* address.extension contains Municipality named municipality 0..1 MS
* insert Element(address.extension[municipality], [[The kommun, by kommunkod: measures are reported by it. R101]])
* insert Element(address.extension[officialAddressType], [[Which kind of address, by HL7 Sweden's extension. R56, R118]])
* insert Element(contact, [[Somebody to call who is no RelatedPerson of their own. R79]])
* insert Element(communication, [[Information is adapted to language. R11]])
* insert Element(communication.language, [[The language.]])
* insert Element(communication.preferred, [[Which of them to use.]])
* insert Element(generalPractitioner, [[The fast läkarkontakt as other systems look for it; the assignment itself is a CareTeam. R34]])
* obeys id-1 and id-birth

Invariant: id-1
Description: "A personnummer or samordningsnummer is twelve digits without a separator (R122). Date and check digit are checked by the server, see the setting for identifiers."
Severity: #warning
Expression: "identifier.where(system = 'http://electronichealth.se/identifier/personnummer' or system = 'http://electronichealth.se/identifier/samordningsnummer').value.all(matches('^[0-9]{12}$'))"

Invariant: id-birth
Description: "The year of birth is that of the personnummer (R122)."
Severity: #warning
Expression: "birthDate.exists() implies identifier.where(system = 'http://electronichealth.se/identifier/personnummer').value.all(startsWith(%resource.birthDate.toString().substring(0, 4)))"

Profile: SEHumanName
Parent: $SEBaseHumanName
Id: se-humanname
Title: "HumanName"
Description: "A name as HL7 Sweden writes it, with the parts that Swedish names have. The parent's rules are repeated here so that they hold without its package."
* insert Metadata
* insert Element(use, [[`official` for the registered name.]])
* insert Element(text, [[The name as it is written.]])
* insert Element(family, [[Family name; HL7 Sweden's extension ownFamily has it apart from a middle name.]])
* insert Element(given, [[Given names; the tilltalsnamn is marked with qualifier `CL`.]])
