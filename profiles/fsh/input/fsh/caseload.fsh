// Workload of named contacts: what staff say beside the assignments, and $caseload.

Extension: ScheduledTime
Id: scheduled-time
Title: "Scheduled time"
Description: "Hours a week that are scheduled in this role for the patients one is a fixed contact of (R52): what makes numbers of patients comparable between full time and part time (R50)."
Context: PractitionerRole
* insert Metadata
* extension contains hours 1..1 MS and type 0..1 MS
* insert Part(hours, [[Hours a week]])
* extension[hours].value[x] only decimal
* extension[hours].valueDecimal ^minValueDecimal = 0
* insert Part(type, [[For one type of contact only; for all, when left out]])
* extension[type].value[x] only code
* extension[type].valueCode from $TypAvFastKontaktVS (required)

Instance: CareTeam-deputy
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(deputy, CareTeam, reference, [[Who stands in for the contact]])
* expression = "(CareTeam.participant.extension.where(url = '{{canonical}}/StructureDefinition/deputy').extension.where(url = 'member').value as Reference)"
* target[0] = #PractitionerRole

RuleSet: OutNested(name, text)
* parameter[=].part[+].name = #{name}
* parameter[=].part[=].use = #out
* parameter[=].part[=].min = 0
* parameter[=].part[=].max = "*"
* parameter[=].part[=].documentation = "{text}"

RuleSet: OutPartIn(name, min, type, text)
* parameter[=].part[=].part[+].name = #{name}
* parameter[=].part[=].part[=].use = #out
* parameter[=].part[=].part[=].min = {min}
* parameter[=].part[=].part[=].max = "1"
* parameter[=].part[=].part[=].type = #{type}
* parameter[=].part[=].part[=].documentation = "{text}"

RuleSet: OutByType
* insert OutNested(byType, [[The same for each type of contact; a patient counts in each type that they have the contact in.]])
* insert OutPartIn(type, 1, code, [[Of kv_typ_av_fast_kontakt, 1 to 4.]])
* insert OutPartIn(patients, 1, unsignedInt, [[Patients.]])

RuleSet: CaseloadMetadata
* insert InstanceMetadata
* name = "Caseload"
* title = "Read how many patients contacts have"
* kind = #operation
* affectsState = false
* code = #caseload
* system = false
* type = false
* instance = true
* insert In(date, 0, 1, date, [[The day asked about: as it was when the day ended; now when left out, or when the day is not over.]])
* insert In(type, 0, *, code, [[Only contacts of these types; all when left out.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = $TypAvFastKontaktVS
* insert In(months, 0, 1, unsignedInt, [[For how many month ends before the date the trend is given, at most 120; 12 when left out.]])

RuleSet: CaseloadAnswer
* insert Out(subject, 1, 1, Reference, [[Whose workload this is.]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert Out(at, 1, 1, instant, [[The moment counted.]])
* insert Out(patients, 1, 1, unsignedInt, [[Patients with a contact; each once.]])
* insert OutGroup(contact, 0, *, [[A contact's workload at a unit, the largest first (R49).]])
* insert OutPart(practitionerRole, 1, 1, Reference, [[The contact.]])
* insert PartTo(0, PractitionerRole)
* insert OutPart(unit, 0, 1, Reference, [[The unit that answers for the assignments.]])
* insert PartTo(0, Organization)
* insert OutPart(patients, 1, 1, unsignedInt, [[Patients; each once, whatever the number of types.]])
* insert OutPart(standsInFor, 1, 1, unsignedInt, [[Patients the person stands in for as deputy, beside their own (R45).]])
* insert OutPart(threshold, 0, 1, unsignedInt, [[The threshold for the patients of all types (R49).]])
* insert OutPart(level, 1, 1, code, [[The gravest of what all thresholds say: no-threshold, below, near, over; sparse where near or over it in a sparsely populated area (R51).]])
* insert OutPart(scheduledHours, 0, 1, decimal, [[Hours a week scheduled for these patients (R52).]])
* insert OutPart(perFullTime, 0, 1, decimal, [[Patients for 40 scheduled hours a week (R50).]])
* insert OutByType
* insert OutPartIn(threshold, 0, unsignedInt, [[The threshold for this type.]])
* insert OutPartIn(level, 0, code, [[How the number stands to it; absent where there is no threshold for the type.]])
* insert OutGroup(threshold, 0, *, [[A threshold that holds here (R49).]])
* insert OutPart(type, 0, 1, code, [[For one type of contact; for all, when absent.]])
* insert OutPart(patients, 1, 1, unsignedInt, [[Patients per contact.]])
* insert OutPart(sparse, 1, 1, boolean, [[Sparsely populated area (R51).]])
* insert OutPart(saidBy, 0, 1, Reference, [[The organization that says it: the unit or the nearest above it.]])
* insert PartTo(0, Organization)
* insert OutGroup(trend, 0, *, [[The same number at month ends before, and at the moment counted, in that order.]])
* insert OutPart(at, 1, 1, instant, [[When.]])
* insert OutPart(patients, 1, 1, unsignedInt, [[Patients with a contact; each once.]])
* insert OutPart(contacts, 1, 1, unsignedInt, [[Contacts with at least one patient.]])
* insert OutPart(median, 0, 1, decimal, [[Median of patients per contact.]])
* insert OutPart(max, 0, 1, unsignedInt, [[The most patients that one contact had.]])
* insert OutPart(standsInFor, 1, 1, unsignedInt, [[Patients with a deputy at that moment.]])
* insert OutByType

Instance: PractitionerRole-caseload
InstanceOf: OperationDefinition
Usage: #definition
* insert CaseloadMetadata
* resource = #PractitionerRole
* description = "How many patients a person is the fixed contact of, in this role, now or at a date; by type, against the threshold of the unit, with the trend and the patients the person stands in for (R49–R52)."
* insert CaseloadAnswer

Instance: Organization-caseload
InstanceOf: OperationDefinition
Usage: #definition
* insert CaseloadMetadata
* resource = #Organization
* description = "How many patients each fixed contact at a unit has, now or at a date; by type, against the threshold of the unit, with trend, distribution, the number of people listed there and whether the area is sparsely populated (R49–R52, R106)."
* insert In(below, 0, 1, boolean, [[With the units that are part of this organization; without, when left out.]])
* insert CaseloadAnswer
* insert OutGroup(distribution, 0, 1, [[Patients per contact, over contacts with at least one patient (R106).]])
* insert OutPart(contacts, 1, 1, unsignedInt, [[Contacts.]])
* insert OutPart(min, 1, 1, unsignedInt, [[The fewest patients.]])
* insert OutPart(median, 1, 1, decimal, [[The median; between the two in the middle where their number is even.]])
* insert OutPart(mean, 1, 1, decimal, [[The mean.]])
* insert OutPart(p90, 1, 1, unsignedInt, [[Nine contacts of ten have at most so many: nearest rank.]])
* insert OutPart(max, 1, 1, unsignedInt, [[The most patients.]])
* insert OutPart(near, 1, 1, unsignedInt, [[Contacts near a threshold.]])
* insert OutPart(over, 1, 1, unsignedInt, [[Contacts over a threshold.]])
* insert OutNested(bin, [[A bar of the histogram.]])
* insert OutPartIn(from, 1, unsignedInt, [[The fewest patients.]])
* insert OutPartIn(to, 1, unsignedInt, [[The most patients.]])
* insert OutPartIn(contacts, 1, unsignedInt, [[Contacts with that many.]])
* insert Out(listed, 0, 1, unsignedInt, [[Living patients listed at the unit today (R51); absent where none is.]])
