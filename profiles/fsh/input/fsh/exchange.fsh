// A SIP that leaves one server and is kept together on several.

Extension: ExchangeUnit
Id: exchange-unit
Title: "Unit of a plan that is exchanged"
Description: "What a server knows of one unit of a SIP it shares with others: an activity, an extension, an element, a goal, a consent. Each server changes its own, and the revisions tell which of two versions follows the other (R76, R93)."
Context: Provenance
* insert Metadata
* extension contains unit 1..1 MS and revision 1..* MS and overruled 0..* MS and at 0..1 MS and origin 0..1 MS and by 0..1 MS and removed 0..1 MS and partial 0..1 MS
* insert Part(unit, [[Which: activity:[Element.id], extension:[url], element:[name], goal:[identity], Goal:[identity] and so on]])
* extension[unit].value[x] only string
* insert Part(revision, [[A revision it has had; the one in force last]])
* extension[revision].value[x] only string
* insert Part(overruled, [[A revision that was set aside for another]])
* extension[overruled].value[x] only string
* insert Part(at, [[When the one in force was made]])
* extension[at].value[x] only instant
* insert Part(origin, [[Address of the server where it was made]])
* extension[origin].value[x] only uri
* insert Part(by, [[Who made it]])
* extension[by].value[x] only Reference(Organization)
* insert Part(removed, [[Whether the unit is gone]])
* extension[removed].value[x] only boolean
* insert Part(partial, [[Whether only a part of it is told, because the consent leaves out the rest. R78]])
* extension[partial].value[x] only boolean

Extension: ExchangeConflict
Id: exchange-conflict
Title: "Conflict of two versions"
Description: "That two servers changed the same unit of a SIP, or one changed what another huvudman answers for: which stands in the plan, and the other, whole, so that nothing is lost (R76, R93)."
Context: Provenance
* insert Metadata
* extension contains unit 1..1 MS and kept 1..1 MS and revision 1..1 MS and value 0..1 MS and at 0..1 MS and origin 0..1 MS and by 0..1 MS
* insert Part(unit, [[Which unit, as in exchange-unit]])
* extension[unit].value[x] only string
* insert Part(kept, [[Which one stands in the plan: this server's own, or the received]])
* extension[kept].value[x] only code
* extension[kept].valueCode from ExchangeKeptVS (required)
* insert Part(revision, [[The revision that was set aside]])
* extension[revision].value[x] only string
* insert Part(value, [[What it says, as FHIR JSON; nothing where it removes the unit]])
* extension[value].value[x] only string
* insert Part(at, [[When it was made]])
* extension[at].value[x] only instant
* insert Part(origin, [[Address of the server where it was made]])
* extension[origin].value[x] only uri
* insert Part(by, [[Who made it]])
* extension[by].value[x] only Reference(Organization)

CodeSystem: ExchangeKeptCS
Id: exchange-kept
Title: "Behållen version"
Description: "Which of two versions of a part of a plan stands in it after an exchange."
* insert SwedishCodes
* #own "Den egna" "Versionen på den server som tog emot."
* #received "Den mottagna" "Versionen som kom."

ValueSet: ExchangeKeptVS
Id: exchange-kept
Title: "Behållen version"
Description: "Which of two versions of a part of a plan stands in it after an exchange."
* insert AllOf(ExchangeKeptCS)

Instance: CarePlan-export-sip
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "ExportSip"
* title = "Export a samordnad individuell plan"
* kind = #operation
* affectsState = false
* code = #export-sip
* resource = #CarePlan
* system = false
* type = false
* instance = true
* description = "Gives a SIP as a Bundle for another server: the plan, its goals, meetings and consent, the people and units it names, and what is known of each part's revisions, so that both servers can go on changing it (R76, R93, R94). With a recipient only what the person's consent lets it see (R78, R100). Changes nothing; the same plan may be exported any number of times."
* insert In(recipient, 0, 1, Reference, [[Whom it is for. Only what the consent lets it see is given; all, when left out (R78, R94).]])
* insert To(0, Organization)
* insert In(sender, 0, 1, Reference, [[Who sends. What was changed on this server since the last exchange is ascribed to it (R93, R112).]])
* insert To(0, Organization)
* insert Out(return, 1, 1, Bundle, [[A transaction, which $receive-sip merges, and which a server without that stores.]])

Instance: CarePlan-receive-sip
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "ReceiveSip"
* title = "Receive a samordnad individuell plan"
* kind = #operation
* affectsState = true
* code = #receive-sip
* resource = #CarePlan
* system = false
* type = true
* instance = false
* description = "Takes a Bundle of $export-sip: makes the plan here, or merges what changed since into the one that is here, part by part (R76, R93). Where both changed the same part, the one stands that belongs to whom the part belongs to, on both servers the same, and the other is kept in the Provenance. A change of what another huvudman answers for is kept as a proposal and not made. Received twice, it changes nothing the second time. The law is checked as for every write."
* insert In(resource, 0, 1, Resource, [[The Bundle, which must be given; it may be the body itself.]])
* insert In(receiver, 0, 1, Reference, [[Who receives. What was changed on this server since the last exchange is ascribed to it.]])
* insert To(0, Organization)
* insert Out(return, 1, 1, CarePlan, [[The plan as it is here now.]])
* insert Out(provenance, 0, 1, Provenance, [[Who sent, what came, of which revisions; nothing where nothing was new.]])
* insert OutGroup(conflict, 0, *, [[A part that both changed, or that was changed by another than its own.]])
* insert OutPart(unit, 1, 1, string, [[Which part.]])
* insert OutPart(kept, 1, 1, code, [[own or received: which one stands in the plan.]])
* insert OutPart(text, 1, 1, string, [[What happened and what to do.]])
* insert OutPart(aside, 0, 1, string, [[What the other says, as FHIR JSON; nothing where it removes the part.]])
* insert OutPart(by, 0, 1, Reference, [[Who made the other.]])
* insert PartTo(0, Organization)
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings of the law, each with its paragraph, and one for each conflict.]])
