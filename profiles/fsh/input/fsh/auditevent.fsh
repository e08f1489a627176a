// AuditEvent: who read or wrote what about whom, from which unit.

Profile: SEAuditEvent
Parent: AuditEvent
Id: se-auditevent
Title: "AuditEvent"
Description: "The log that HSLF-FS 2016:40, 4 kap. 9 § asks for: what was done, from which vårdenhet and vårdprocess, when, who did it and about whom (R115). The patient may have it with unit and time (R116)."
* insert Metadata
* extension contains CareProcess named care-process 0..1 MS
* extension[care-process] ^short = "The hälsoärende it was done in. R115"
* insert Element(type, [[Kind of event, as `rest`.]])
* insert Element(subtype, [[The interaction, as `read`.]])
* action 1..1
* insert Element(action, [[`C`, `R`, `U`, `D` or `E`. R115]])
* insert Element(recorded, [[When. R115]])
* insert Element(outcome, [[Whether it went well.]])
* insert Element(purposeOfEvent, [[Why: care, emergency, quality. R111]])
* insert Element(agent, [[Who.]])
* agent.extension contains ActingUnit named acting-unit 0..1 MS
* agent.extension[acting-unit] ^short = "The vårdenhet the person acted from. R115"
* agent.who 1..1
* insert Element(agent.who, [[The user, by HSA-id or reference. R115, R117]])
* insert Element(agent.requestor, [[Who set it off.]])
* insert Element(source, [[The system.]])
* entity ^slicing.discriminator.type = #pattern
* entity ^slicing.discriminator.path = "role"
* entity ^slicing.rules = #open
* entity contains patient 1..* MS
* insert Element(entity, [[The patient, and what was read or written. R115]])
* entity[patient] ^short = "Whom it is about, each of them; R4 has no AuditEvent.patient. R115, R116"
* entity[patient].what 1..1
* entity[patient].what only Reference(Patient)
* entity[patient].what ^short = "The patient."
* entity[patient].role 1..1
* entity[patient].role = $ObjectRole#1
* entity[patient].role ^short = "`1`, patient."
* obeys ae-1

Invariant: ae-1
Description: "The log says from which unit the person acted (R115; HSLF-FS 2016:40, 4 kap. 9 §)."
Severity: #error
Expression: "agent.where(requestor = true and who.where(type = 'PractitionerRole' or type = 'Practitioner' or reference.matches('(^|/)(PractitionerRole|Practitioner)/')).exists()).all(extension.where(url = '{{canonical}}/StructureDefinition/acting-unit').exists())"

Extension: ActingUnit
Id: acting-unit
Title: "Acting unit"
Description: "The vårdenhet a person acted from (R115, R116)."
Context: AuditEvent.agent
* insert Metadata
* value[x] 1..1
* value[x] only Reference(Organization)

Extension: CareProcess
Id: care-process
Title: "Care process"
Description: "The vårdprocess or hälsoärende that something was done in, or that a fixed contact belongs to (R115, R121)."
* insert Metadata
* ^context[0].type = #element
* ^context[0].expression = "AuditEvent"
* ^context[1].type = #element
* ^context[1].expression = "CareTeam"
* value[x] 1..1
* value[x] only Reference(EpisodeOfCare)

Instance: Patient-access-log
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "ReadAccessLog"
* title = "Read who has had access to a person's data"
* kind = #operation
* affectsState = false
* code = #access-log
* resource = #Patient
* system = false
* type = true
* instance = true
* description = "When a person's data were read or written, and from which unit: what the person may have (R116; patientdatalagen 8 kap. 5 §). Newest first, page by page, without names of staff; as AuditEvents reduced to that, or as a page. With sample, whole records drawn at random for the checks that the caregiver must make (R115; HSLF-FS 2016:40, 4 kap. 9 §): for managers and administrators; at the type, of all persons."
* insert In(start, 0, 1, dateTime, [[Accesses from this moment or day on.]])
* insert In(end, 0, 1, dateTime, [[Accesses until this moment or day is over.]])
* insert In(count, 0, 1, integer, [[Accesses on a page; 50 when left out.]])
* insert In(sample, 0, 1, integer, [[So many whole records, drawn at random. R115]])
* insert In(seed, 0, 1, string, [[What the draw begins from: the same seed draws the same records of the same period. The day of the check when left out.]])
* insert Out(return, 1, 1, Bundle, [[A searchset of AuditEvents.]])
