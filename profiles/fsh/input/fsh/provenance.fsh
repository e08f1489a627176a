// Provenance: the vårdgivare and the vårdenhet that answer for what was written.

Profile: SEProvenance
Parent: Provenance
Id: se-provenance
Title: "Provenance"
Description: "Which vårdgivare (custodian: outer spärr) and which vårdenhet (author: inner spärr) answer for a resource, who wrote it, and when it was documented (R112). The roles are those of Inera's EHDS-TK. The verksamhetschef who appoints is attester (R3)."
* insert Metadata
* extension contains ExchangeUnit named exchange-unit 0..* MS and ExchangeConflict named exchange-conflict 0..* MS
* extension[exchange-unit] ^short = "What is known of each part of a plan that is exchanged. R93"
* extension[exchange-conflict] ^short = "What two servers changed at once, and what was set aside. R93"
* insert Element(target, [[What was written, in which version.]])
* insert Element(occurred[x], [[When it happened, where that differs from when it was documented.]])
* insert Element(recorded, [[Dokumentationstid, blockComparisonTime. R112]])
* insert Element(reason, [[Why.]])
* insert Element(activity, [[What was done.]])
* agent ^slicing.discriminator.type = #pattern
* agent ^slicing.discriminator.path = "type"
* agent ^slicing.rules = #open
* agent contains custodian 1..1 MS and author 1..1 MS and performer 0..* MS and attester 0..1 MS
* insert Element(agent, [[Who.]])
* agent[custodian] ^short = "The vårdgivare: outer spärr. R112"
* agent[custodian].type 1..1
* agent[custodian].type = $ProvenanceAgent#custodian
* agent[custodian].type ^short = "`custodian`."
* agent[custodian].who only Reference(Organization)
* agent[custodian].who ^short = "With its HSA-id, or a reference to the Organization."
* agent[author] ^short = "The vårdenhet: inner spärr. R112"
* agent[author].type 1..1
* agent[author].type = $ProvenanceAgent#author
* agent[author].type ^short = "`author`."
* agent[author].who only Reference(Organization)
* agent[author].who ^short = "With its HSA-id, or a reference to the Organization."
* agent[performer] ^short = "The person who wrote it, in a role. R117"
* agent[performer].type 1..1
* agent[performer].type = $ProvenanceAgent#performer
* agent[performer].type ^short = "`performer`."
* agent[performer].who only Reference(PractitionerRole or Practitioner)
* agent[performer].who ^short = "Who."
* agent[attester] ^short = "The verksamhetschef who appointed the contact. R3"
* agent[attester].type 1..1
* agent[attester].type = $ProvenanceAgent#attester
* agent[attester].type ^short = "`attester`."
* agent[attester].who only Reference(PractitionerRole or Practitioner)
* agent[attester].who ^short = "Who."
* insert Element(entity, [[What it was made from.]])
* obeys pv-1

Invariant: pv-1
Description: "Vårdgivare and vårdenhet are told by HSA-id or by a reference: a name alone shows nothing in a shared record (R112)."
Severity: #error
Expression: "agent.where(type.coding.where(code = 'custodian' or code = 'author').exists()).who.all(reference.exists() or identifier.value.exists())"
