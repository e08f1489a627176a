// $purge: lawful erasure of what is kept about a person.

CodeSystem: PurgeBasisCS
Id: purge-basis
Title: "Grund för utplåning"
Description: "Why data about a person are destroyed. Records of care are kept unless one of these holds (patientdatalagen 2008:355, 3 kap. 17 § and 8 kap. 4 §; GDPR article 17)."
* insert SwedishCodes
* #ivo-beslut "Beslut av Inspektionen för vård och omsorg om journalförstöring" "Patientdatalagen (2008:355) 8 kap. 4 §."
* #gallring "Gallring när bevarandetiden är slut" "Patientdatalagen (2008:355) 3 kap. 17 §: tidigast tio år efter den sista uppgiften."
* #radering "Radering enligt dataskyddsförordningen" "Artikel 17, där ingen lag kräver att uppgiften bevaras."

ValueSet: PurgeBasisVS
Id: purge-basis
Title: "Grund för utplåning"
Description: "Why data about a person are destroyed."
* insert Metadata
* include codes from system PurgeBasisCS

Instance: Patient-purge
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "Purge"
* title = "Destroy what is kept about a person"
* kind = #operation
* affectsState = true
* code = #purge
* resource = #Patient
* system = false
* type = false
* instance = true
* description = "Removes the resources about a person from the database, with all their versions: afterwards they were never there (404). For decisions of law alone (patientdatalagen 2008:355, 3 kap. 17 § and 8 kap. 4 §; GDPR article 17); mistakes are corrected and marked entered-in-error. What is about others too stays and is listed, and so does what refers to what is gone. The audit trail stays. It may be interrupted, and goes on where it was when it is asked again."
* insert In(decision, 1, 1, string, [[What was decided, by its reference number; no personal data.]])
* insert In(basis, 1, 1, code, [[Why: ivo-beslut, gallring, radering.]])
* insert Bound([[Canonical(PurgeBasisVS)]])
* insert In(resource, 0, *, Reference, [[Only these; also a Binary or a Bundle that is about the person. Everything about the person when left out.]])
* insert To(0, Resource)
* insert In(before, 0, 1, date, [[Only what nobody has written to since this day.]])
* insert In(dryRun, 0, 1, boolean, [[true: remove nothing, and tell what would be removed. false when left out.]])
* insert OutGroup(purged, 0, *, [[What was removed, of one type.]])
* insert OutPart(type, 1, 1, code, [[The type.]])
* insert OutPart(resources, 1, 1, unsignedInt, [[Resources.]])
* insert OutPart(versions, 1, 1, unsignedInt, [[Versions, current ones and deletions among them.]])
* insert OutGroup(kept, 0, *, [[What is about the person and stays.]])
* insert OutPart(reference, 1, 1, Reference, [[Which.]])
* insert PartTo(0, Resource)
* insert OutPart(reason, 1, 1, string, [[Why.]])
* insert Out(referrer, 0, *, Reference, [[What stays and refers to what is gone.]])
* insert To(0, Resource)
* insert Out(results, 1, 1, unsignedInt, [[Stored answers to asynchronous requests that were forgotten.]])
* insert OutGroup(earlier, 0, *, [[What was destroyed about the person before.]])
* insert OutPart(decision, 1, 1, string, [[What was decided.]])
* insert OutPart(basis, 1, 1, code, [[Why.]])
* insert OutPart(at, 1, 1, instant, [[When it began.]])
* insert OutPart(resources, 1, 1, unsignedInt, [[Resources removed.]])
* insert OutPart(complete, 1, 1, boolean, [[Whether it came to its end.]])
