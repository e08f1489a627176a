// Organization: vårdgivare and vårdenheter with the huvudman who answers for them.

Profile: SEOrganization
Parent: $SEBaseOrganization
Id: se-organization
Title: "Organization with huvudman"
Description: "A vårdgivare, a vårdenhet or another body, with the huvudman it belongs to (R76, R112). A unit is part of its vårdgivare."
* insert Metadata
* extension contains Huvudman named huvudman 1..1 MS
* identifier 1..* MS
* active MS
* type MS
* name 1..1 MS
* telecom MS
* partOf MS
* partOf ^short = "The vårdgivare a unit belongs to"

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
