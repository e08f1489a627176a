// Organization: vårdgivare and vårdenheter with the huvudman who answers for them.

Profile: SEOrganization
Parent: $SEBaseOrganization
Id: se-organization
Title: "Organization with huvudman"
Description: "A vårdgivare, a vårdenhet or another body, with the huvudman it belongs to (R76, R112). A unit is part of its vårdgivare."
* insert Metadata
* extension contains
    Huvudman named huvudman 1..1 MS and
    CaseloadThreshold named caseload-threshold 0..* MS
* extension[caseload-threshold] ^short = "How many patients one contact may have before the unit looks at it; by type, or for all. R49–R51"
* extension[huvudman] ^short = "region, kommun or annan. R76"
* identifier 1..* MS
* identifier ^short = "HSA-id, organisationsnummer. R112"
* insert HsaIds
* identifier[organizationIdentifier] ^short = "Organisationsnummer: ten digits, no hyphen."
* identifier[organizationIdentifier].value 1..1
* identifier[organizationIdentifier].value ^short = "The digits."
* active MS
* active ^short = "Whether it is in use."
* type MS
* type from HsaVerksamhetskodVS (extensible)
* type ^short = "HSA verksamhetskod; 15 is primary care. R36"
* name 1..1 MS
* name ^short = "What people call it."
* telecom MS
* telecom ^short = "How to reach the unit. R10"
* address MS
* address ^short = "Where to visit or write to it. R43"
* address.extension contains ContactAvailability named availability 0..* MS
* address.extension[availability] ^short = "When it is open to visitors. R44"
* partOf MS
* partOf ^short = "The vårdgivare of a unit. R112"
* obeys id-org

Invariant: id-org
Description: "An organisationsnummer is ten digits without a hyphen, the third at least 2 (R112)."
Severity: #warning
Expression: "identifier.where(system = 'urn:oid:2.5.4.97').value.all(matches('^[0-9]{2}[2-9][0-9]{7}$'))"

Profile: HuvudmanOrganization
Parent: SEOrganization
Id: huvudman-organization
Title: "Huvudman"
Description: "A region or a municipality as the legal body that the law obliges (R75, R76)."
* insert Metadata
* extension[huvudman].valueCode from OverallResponsibleHuvudmanVS (required)
* extension[huvudman].valueCode ^short = "region or kommun: only they can have overall responsibility for a SIP. R76"
* identifier[organizationIdentifier] 1..1 MS
* identifier[organizationIdentifier] ^short = "The legal body. R76"
* partOf 0..0
* partOf ^short = "A huvudman is part of nothing."

Profile: VardgivareOrganization
Parent: SEOrganization
Id: vardgivare-organization
Title: "Vårdgivare"
Description: "Who is accountable for records and sets the outer limit of a spärr: a region, a municipality or a private body (R112)."
* insert Metadata
* identifier[organizationIdentifier] 1..1 MS
* identifier[organizationIdentifier] ^short = "The legal body."
* insert Element(partOf, [[The huvudman, where that is another body, as for a private vårdgivare under agreement.]])
* partOf only Reference(SEOrganization)
* obeys og-1

Profile: VardenhetOrganization
Parent: SEOrganization
Id: vardenhet-organization
Title: "Vårdenhet"
Description: "A unit of a vårdgivare that has named contacts, is called to a SIP, and sets the inner limit of a spärr (R5, R91, R112)."
* insert Metadata
* type 1..*
* insert Element(type, [[What kind of unit; 15 is primary care, where a fast läkarkontakt works. R36]])
* partOf 1..1
* insert Element(partOf, [[The vårdgivare, or a part of it that leads there. R112]])
* partOf only Reference(SEOrganization)
* obeys og-1 and og-2

Invariant: og-1
Description: "A vårdgivare and a vårdenhet have an HSA-id, in HL7 Sweden's system or in Inera's: without it nothing of theirs is shown in a shared record (R112)."
Severity: #error
Expression: "identifier.where(system = 'urn:oid:1.2.752.29.4.19' or system = 'urn:oid:1.2.752.129.2.1.4.1').exists()"

Invariant: og-2
Description: "A unit can be reached: the patient is told how to reach the unit too (R10; patientlagen 3 kap.)."
Severity: #warning
Expression: "active = false or telecom.exists()"

Extension: Huvudman
Id: huvudman
Title: "Huvudman"
Description: "Region, municipality or somebody else: who answers for an organisation, or for an activity of a SIP (R76)."
* insert Metadata
* ^context[0].type = #element
* ^context[0].expression = "Organization"
* ^context[1].type = #element
* ^context[1].expression = "CarePlan.activity"
* value[x] 1..1
* value[x] only code
* valueCode from HuvudmanVS (required)
