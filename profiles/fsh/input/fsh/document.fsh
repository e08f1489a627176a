// A plan as a document: R4 has $document for a Composition; this makes the Composition from the plan.

Instance: CarePlan-document
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "CarePlanDocument"
* title = "A plan as a document"
* kind = #operation
* affectsState = false
* code = #document
* resource = #CarePlan
* system = false
* type = false
* instance = true
* description = "Gives a document Bundle: a Composition made from the plan, with the written plan in Swedish as its narrative, the plan, and what the plan refers to. With `_format=html` or `pdf`: the written plan to read and to print (R81)."
* insert In(persist, 0, 1, boolean, [[Store the document too, and answer with it as stored; by POST only.]])
* insert In(recipient, 0, 1, Reference, [[Who the copy is for. The person, or a relative: without internal notes, and nothing that is not for the patient. An actor: only what the person's consent lets it see (R78, R94, R110).]])
* insert To(0, Patient)
* insert To(1, RelatedPerson)
* insert To(2, Organization)
* insert To(3, PractitionerRole)
* insert In(signatures, 0, 1, boolean, [[Print lines to sign on; in HTML and PDF.]])
* insert Out(return, 1, 1, Bundle, [[The document.]])
