// All assignments of one contact to others, as one change (R46–R48).

ValueSet: ReassignReasonVS
Id: reassign-reason
Title: "Skäl till att en kontakts uppdrag flyttas"
Description: "Why all assignments of one contact move to others: the contact leaves, or the unit asks for it."
* insert Metadata
* EndReasonCS#slutat
* EndReasonCS#byte-verksamhet

Instance: PractitionerRole-reassign
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "Reassign"
* title = "Reassign all patients of a contact"
* kind = #operation
* affectsState = true
* code = #reassign
* resource = #PractitionerRole
* system = false
* type = false
* instance = true
* description = "Moves the active assignments of one person to another, or to several, as one change: all of them or none (R46–R48). Each old assignment ends exactly where the new one begins, and the new one names it. The law is checked for each; refusals are listed by assignment, with the paragraph, and then nothing is written. For large groups ask with Prefer: respond-async, and see X-Progress."
* insert In(to, 0, *, Reference, [[Who takes over; over several the assignments are spread evenly.]])
* insert To(0, PractitionerRole)
* insert InGroup(move, 0, *, [[One assignment to move; where any is given, no others are moved.]])
* insert PartOf(assignment, 1, 1, Reference, [[The CareTeam.]])
* insert PartTo(0, CareTeam)
* insert PartOf(to, 0, 1, Reference, [[Who takes it over; one of the parameter to when left out.]])
* insert PartTo(0, PractitionerRole)
* insert In(type, 0, *, code, [[Only assignments of these types; all when left out.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = $TypAvFastKontaktVS
* insert In(unit, 0, 1, Reference, [[Only assignments that this unit answers for.]])
* insert To(0, Organization)
* insert In(reason, 0, 1, code, [[Why: slutat, the contact leaves, when left out; or byte-verksamhet (R46).]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(ReassignReasonVS)
* insert In(start, 0, 1, dateTime, [[When the new contacts begin, and the old assignments end; today when left out.]])
* insert In(appointedBy, 0, 1, Reference, [[The verksamhetschef who appoints the new contacts, or the unit (R3); who decided when left out.]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)
* insert InGroup(decision, 0, 1, [[The decision behind the change (R46).]])
* insert PartOf(requestedBy, 1, 1, Reference, [[Who asked for it.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Practitioner)
* insert PartOf(reason, 1, 1, string, [[Why, in words.]])
* insert PartOf(decidedBy, 1, 1, Reference, [[The verksamhetschef, or the unit.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Organization)
* insert PartOf(physician, 0, 1, Reference, [[The medicinskt ledningsansvarig läkare.]])
* insert PartTo(0, PractitionerRole)
* insert PartOf(at, 0, 1, dateTime, [[When it was decided; today when left out.]])
* insert InGroup(handover, 0, 1, [[That the old contact handed over (R47).]])
* insert PartOf(at, 1, 1, dateTime, [[When.]])
* insert PartOf(how, 1, 1, code, [[How.]])
* parameter[=].part[=].binding.strength = #required
* parameter[=].part[=].binding.valueSet = Canonical(HandoverFormVS)
* insert PartOf(place, 0, 1, string, [[Where, in words.]])
* insert In(dryRun, 0, 1, boolean, [[Whether only to tell what would be moved, and what the law has against it.]])
* insert Out(count, 1, 1, integer, [[How many assignments were moved.]])
* insert OutGroup(moved, 0, *, [[An assignment that was moved.]])
* insert OutPart(assignment, 1, 1, Reference, [[The CareTeam that ended.]])
* insert PartTo(0, CareTeam)
* insert OutPart(successor, 1, 1, Reference, [[The CareTeam that follows; the same where the assignment had not begun.]])
* insert PartTo(0, CareTeam)
* insert OutPart(patient, 1, 1, Reference, [[Whose contact it is.]])
* insert PartTo(0, Patient)
* insert OutPart(to, 1, 1, Reference, [[Who took over.]])
* insert PartTo(0, PractitionerRole)
* insert OutGroup(left, 0, *, [[An active assignment of the person that was not moved.]])
* insert OutPart(assignment, 1, 1, Reference, [[The CareTeam.]])
* insert PartTo(0, CareTeam)
* insert OutPart(reason, 1, 1, code, [[over, not-asked-for.]])
* insert OutPart(text, 1, 1, string, [[The reason in words.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph; in a dry run also what refuses.]])
