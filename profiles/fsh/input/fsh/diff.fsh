// What changed between two versions: not of R4, whose FHIRPath Patch it answers with.

Instance: Resource-diff
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "Diff"
* title = "Compare two versions"
* kind = #operation
* affectsState = false
* code = #diff
* resource = #Resource
* system = false
* type = false
* instance = true
* description = "Gives the changes that turn one version of a resource into another, as a FHIRPath Patch: applied to the one version it gives the other. What the server sets (meta.versionId, meta.lastUpdated) is left out."
* insert In(fromVersion, 0, 1, positiveInt, [[The version to start from; the one before toVersion when left out.]])
* insert In(toVersion, 0, 1, positiveInt, [[The version to arrive at; the current one when left out.]])
* insert Out(return, 1, 1, Parameters, [[The changes: one parameter named operation for each.]])
