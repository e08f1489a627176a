// The patientkontrakt as its reader sees it.

Instance: Patient-patientkontrakt
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "ReadPatientkontrakt"
* title = "Read a person's patientkontrakt"
* kind = #operation
* affectsState = false
* code = #patientkontrakt
* resource = #Patient
* system = false
* type = false
* instance = true
* description = "The umbrella over a person's care in four parts: what was agreed, the named contacts, the agreed times, and the plans with who answers for what; what matters to the person first (R95–R99). Only what the reader may see (R78, R100, R113, R114, R118). As a document Bundle, a page with a timeline, or a PDF."
* insert In(reader, 0, 1, Reference, [[Who reads; the patient when left out. Others see what the person's consent lets them see (R78, R94, R100).]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert To(2, Practitioner)
* insert To(3, PractitionerRole)
* insert To(4, Organization)
* insert In(at, 0, 1, dateTime, [[The moment that is today on the timeline, and for which contacts and consents are read; now when left out.]])
* insert Out(return, 1, 1, Bundle, [[A document: a Composition with a section for what matters and for each part, and the resources that they name.]])

CodeSystem: PatientkontraktPartCS
Id: patientkontrakt-part
Title: "Delar av patientkontraktet"
Description: "The parts of a patientkontrakt, as sections of the document (R95, R96)."
* insert SwedishCodes
* #viktigt "Vad är viktigt för dig?" "Det som personen själv säger är viktigt; allt annat utgår från det (R96)."
* #overenskommelse "Överenskommelse" "Vad vi har kommit överens om, vad personen gör och vad vården gör (R95, R96)."
* #fast-vardkontakt "Fast vårdkontakt" "Vem personen vänder sig till (R95)."
* #overenskommen-tid "Överenskommen tid" "Vad som händer och när (R95)."
* #sammanhallen-plan "Sammanhållen plan" "Planerna, och vem som svarar för vad (R95, R98)."

ValueSet: PatientkontraktPartVS
Id: patientkontrakt-part
Title: "Delar av patientkontraktet"
Description: "The parts of a patientkontrakt, as sections of the document."
* insert AllOf(PatientkontraktPartCS)
