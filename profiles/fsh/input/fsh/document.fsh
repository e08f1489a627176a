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
* description = "Gives a document Bundle: a Composition made from the plan, the plan, and what the plan refers to."
* insert In(persist, 0, 1, boolean, [[Store the document too, and answer with it as stored; by POST only.]])
* insert Out(return, 1, 1, Bundle, [[The document.]])
