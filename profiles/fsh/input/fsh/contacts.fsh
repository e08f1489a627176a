// What the life of a named contact needs beside its profile: shared by operations and measures.

CodeSystem: CareFormCS
Id: care-form
Title: "Vårdform i kommunen"
Description: "Where a person lives, or in which form of municipal care they are enrolled (R23, R38, R103). No national code could be verified."
* insert SwedishCodes
* #sabo "Särskilt boende"
* #hemsjukvard "Hälso- och sjukvård i hemmet"
* #hemtjanst "Hemtjänst"

ValueSet: CareFormVS
Id: care-form
Title: "Vårdform i kommunen"
Description: "Forms of municipal care."
* insert AllOf(CareFormCS)

Extension: Municipality
Id: municipality
Title: "Municipality"
Description: "The kommun of a home address, by its kommunkod: measures are reported by municipality (R101, R109)."
Context: Patient.address
* insert Metadata
* value[x] 1..1
* value[x] only Coding
* valueCoding.system = "urn:oid:1.2.752.129.2.2.1.17"

Extension: NeedIdentified
Id: need-identified
Title: "Need identified"
Description: "When the need of a fixed contact was found, or asked for: the time to the assignment is counted from here (R2, R15, R107)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only dateTime

Extension: CaseloadThreshold
Id: caseload-threshold
Title: "Caseload threshold"
Description: "How many patients one contact of the unit may have before the unit looks at the workload: agreed between verksamhetschef and contact, no national cap (R49–R51)."
Context: Organization
* insert Metadata
* extension contains patients 1..1 MS and type 0..1 MS and sparse 0..1 MS
* insert Part(patients, [[Patients per contact]])
* extension[patients].value[x] only unsignedInt
* insert Part(type, [[For one type of contact only; for all, when left out]])
* extension[type].value[x] only code
* insert Part(sparse, [[Sparsely populated: the number follows the number listed, and is not a sign of overload by itself (R51)]])
* extension[sparse].value[x] only boolean

Extension: Handover
Id: handover
Title: "Handover"
Description: "That the new contact got full information on needs and course of care, when, how, and from whom (R47)."
Context: CareTeam
* insert Metadata
* extension contains at 1..1 MS and how 1..1 MS and by 0..1 MS and place 0..1 MS
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime
* insert Part(how, [[How]])
* extension[how].value[x] only code
* extension[how].valueCode from HandoverFormVS (required)
* insert Part(by, [[Who handed over]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner)
* insert Part(place, [[Where, in words]])
* extension[place].value[x] only string

CodeSystem: HandoverFormCS
Id: handover-form
Title: "Överlämningens form"
Description: "How an assignment is handed over to a new contact (R47)."
* insert SwedishCodes
* #hembesok "Gemensamt hembesök" "Fysisk överlämning hemma hos patienten."
* #mote "Möte" "Till exempel mellan barn- och vuxenmottagning."
* #samtal "Samtal mellan kontakterna"
* #skriftligt "Skriftligt"

ValueSet: HandoverFormVS
Id: handover-form
Title: "Överlämningens form"
Description: "How an assignment is handed over."
* insert AllOf(HandoverFormCS)

Extension: ReplacesContact
Id: replaces-contact
Title: "Replaces contact"
Description: "The assignment that this one takes over from: history without gaps (R46, R48)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only Reference(CareTeam)

Extension: CoordinationReason
Id: coordination-reason
Title: "Coordination reason"
Description: "Why this contact has the overall coordination (R32)."
Context: CareTeam
* insert Metadata
* value[x] 1..1
* value[x] only code
* valueCode from CoordinationReasonVS (required)

CodeSystem: CoordinationReasonCS
Id: coordination-reason
Title: "Skäl till övergripande samordningsansvar"
Description: "Where the main illness is treated, or where the patient mostly stays (R32; S4 bilaga 4, fråga 7)."
* insert SwedishCodes
* #grundsjukdom "Där grundsjukdomen behandlas"
* #vistelse "Där patienten huvudsakligen vistas"

ValueSet: CoordinationReasonVS
Id: coordination-reason
Title: "Skäl till övergripande samordningsansvar"
Description: "Why a contact has the overall coordination."
* insert AllOf(CoordinationReasonCS)
