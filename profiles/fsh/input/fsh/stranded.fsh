// Whom a contact who leaves has left (R45, R48).

RuleSet: StrandedDefinition
* insert InstanceMetadata
* name = "Stranded"
* title = "List patients whose contact has left"
* kind = #operation
* affectsState = false
* code = #stranded
* system = false
* type = false
* instance = true
* insert In(date, 0, 1, date, [[The day asked about: contacts who will have left by its end; now when left out.]])
* insert In(type, 0, *, code, [[Only assignments of these types; all when left out.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = $TypAvFastKontaktVS
* insert Out(date, 1, 1, dateTime, [[The moment looked at.]])
* insert Out(count, 1, 1, integer, [[How many assignments.]])
* insert Out(patients, 1, 1, integer, [[How many patients.]])
* insert OutGroup(stranded, 0, *, [[An active assignment whose contact has left.]])
* insert OutPart(assignment, 1, 1, Reference, [[The CareTeam.]])
* insert PartTo(0, CareTeam)
* insert OutPart(patient, 1, 1, Reference, [[Whose contact it is.]])
* insert PartTo(0, Patient)
* insert OutPart(contact, 0, 1, Reference, [[Who the contact is.]])
* insert PartTo(0, PractitionerRole)
* insert OutPart(unit, 0, 1, Reference, [[The unit that answers.]])
* insert PartTo(0, Organization)
* insert OutPart(type, 0, 1, code, [[Type of contact.]])
* insert OutPart(reason, 1, 1, code, [[role-inactive, role-ended, role-not-begun, person-inactive, nobody.]])
* insert OutPart(since, 0, 1, dateTime, [[When the role ended or ends, where it says so.]])

Instance: Organization-stranded
InstanceOf: OperationDefinition
Usage: #definition
* insert StrandedDefinition
* resource = #Organization
* description = "The active assignments of a unit whose contact has left, or will have left on a day: the role or the person is inactive, or the role's period is over (R45, R48). What to reassign, all at once."

Instance: PractitionerRole-stranded
InstanceOf: OperationDefinition
Usage: #definition
* insert StrandedDefinition
* resource = #PractitionerRole
* description = "The active assignments of one person who has left, or will have left on a day: the role or the person is inactive, or the role's period is over (R45, R48). What to reassign, all at once."
