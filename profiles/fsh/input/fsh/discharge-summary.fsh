// What the patient gets in writing at discharge, as a document.

Instance: Encounter-discharge-summary
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "EncounterDischargeSummary"
* title = "What the patient gets in writing at discharge"
* kind = #operation
* affectsState = false
* code = #discharge-summary
* resource = #Encounter
* system = false
* type = false
* instance = true
* description = "Gives a document Bundle for the patient: the summary of the care, who the named contacts are and how to reach them, the time of the SIP meeting, and the plans there are (R64; patientlagen 3 kap. 2 b §). With `_format=html` or `pdf`: the same to read and to print."
* insert Out(return, 1, 1, Bundle, [[The document.]])
