// Whether there is always someone to contact (R43, R45).

RuleSet: CoverageDefinition
* insert InstanceMetadata
* name = "Coverage"
* title = "Check that there is always someone to contact"
* kind = #operation
* affectsState = false
* code = #coverage
* system = false
* type = false
* instance = true
* insert In(start, 0, 1, date, [[The first day; today when left out.]])
* insert In(end, 0, 1, date, [[The last day; 30 days after the first when left out, 92 at most.]])
* insert In(type, 0, *, code, [[Only assignments of these types; all when left out.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = $TypAvFastKontaktVS
* insert Out(start, 1, 1, dateTime, [[First moment looked at.]])
* insert Out(end, 1, 1, dateTime, [[First moment after.]])
* insert Out(assignments, 1, 1, integer, [[How many assignments hold within the period.]])
* insert Out(gaps, 1, 1, integer, [[How many gaps there are in all.]])
* insert Out(uncovered, 1, 1, integer, [[How many assignments have a gap.]])
* insert OutGroup(answered, 0, *, [[How much of the assignments' time is answered, and by whom first.]])
* insert OutPart(by, 1, 1, code, [[contact, deputy, team, unit, nobody.]])
* insert OutPart(minutes, 1, 1, integer, [[Minutes, over all assignments.]])
* insert OutGroup(gap, 0, *, [[A stretch of time in which nobody answers for an assignment.]])
* insert OutPart(assignment, 1, 1, Reference, [[The CareTeam.]])
* insert PartTo(0, CareTeam)
* insert OutPart(patient, 1, 1, Reference, [[Whose contact it is.]])
* insert PartTo(0, Patient)
* insert OutPart(contact, 0, 1, Reference, [[Who the contact is.]])
* insert PartTo(0, PractitionerRole)
* insert OutPart(type, 0, 1, code, [[Type of contact.]])
* insert OutPart(from, 1, 1, dateTime, [[First moment.]])
* insert OutPart(to, 1, 1, dateTime, [[First moment after.]])
* insert OutPart(why, 1, 1, code, [[closed, absent, unreachable, left: why the contact does not answer.]])
* insert OutPart(text, 1, 1, string, [[The same in words, and what there is instead.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[That not all gaps are listed.]])

Instance: Organization-coverage
InstanceOf: OperationDefinition
Usage: #definition
* insert CoverageDefinition
* resource = #Organization
* description = "For each active assignment that the unit answers for, and each moment of a period: does the contact answer, a deputy, the team or the unit (R43, R45)? Lists the gaps, when and why."

Instance: PractitionerRole-coverage
InstanceOf: OperationDefinition
Usage: #definition
* insert CoverageDefinition
* resource = #PractitionerRole
* description = "For each active assignment of one person, and each moment of a period: does the contact answer, a deputy, the team or the unit (R43, R45)? Lists the gaps, when and why."
