// $reindex: custom SearchParameters take effect.

Instance: reindex
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "Reindex"
* title = "Index resources by new search parameters"
* kind = #operation
* affectsState = true
* code = #reindex
* system = true
* type = false
* instance = false
* description = "Indexes all resources of the types whose search parameters were stored, changed or removed, and lets the new definitions answer searches. Always asynchronous: the answer is 202, and the address in Content-Location tells how far it is. Only one works at a time; another waits and does what is left. It may be stopped at any time, and the next one goes on where it was."
* insert In(all, 0, 1, boolean, [[Index every resource anew, also where no search parameter has changed: needed after an upgrade that says so. false when left out.]])
* insert Out(written, 1, 1, integer, [[Resources that got new index entries.]])
* insert Out(searchParameter, 0, *, Reference, [[SearchParameters that answer searches since.]])
* insert To(0, SearchParameter)
