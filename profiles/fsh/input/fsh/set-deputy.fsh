// Who stands in for a named contact: one assignment, or all of one person (R45).

RuleSet: SetDeputyMetadata
* insert InstanceMetadata
* name = "SetDeputy"
* title = "Set a deputy"
* kind = #operation
* affectsState = true
* code = #set-deputy
* system = false
* type = false
* instance = true
* insert In(deputy, 1, 1, Reference, [[Who stands in: a named person in a role at a unit.]])
* insert To(0, PractitionerRole)

RuleSet: SetDeputyManner
* insert In(telecom, 0, *, ContactPoint, [[How to reach the deputy, with hours; the role's own ways when left out (R43, R44).]])
* insert In(replace, 0, 1, boolean, [[Whether the deputy takes the place of other deputies within the period; else an overlap is refused.]])
* insert In(remove, 0, 1, boolean, [[Whether the deputy does not stand in within the period after all; at any time, where no period is given.]])

Instance: CareTeam-set-deputy
InstanceOf: OperationDefinition
Usage: #definition
* insert SetDeputyMetadata
* resource = #CareTeam
* description = "Says who stands in for the named contact of one assignment, when, and how to reach them (R45). The same person again with a period that meets one they have replaces it. Refused, with the paragraph named: two deputies at once, the contact as their own deputy, a period outside the assignment's."
* insert In(period, 0, 1, Period, [[When the deputy stands in; as long as the assignment holds when left out.]])
* insert SetDeputyManner
* insert Out(return, 1, 1, CareTeam, [[The assignment.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])

Instance: PractitionerRole-set-deputy
InstanceOf: OperationDefinition
Usage: #definition
* insert SetDeputyMetadata
* resource = #PractitionerRole
* description = "Says who stands in for a person in all their active assignments during a period, such as a holiday, as one change (R45). Tells what was changed, and what was left as it is and why. Refused as a whole where the law refuses one of the changes."
* insert In(period, 1, 1, Period, [[When the deputy stands in; cut to the period of each assignment.]])
* insert SetDeputyManner
* insert In(type, 0, *, code, [[Only assignments of these types; all when left out.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = $TypAvFastKontaktVS
* insert In(dryRun, 0, 1, boolean, [[Whether only to tell what would be changed.]])
* insert Out(count, 1, 1, integer, [[How many assignments were changed.]])
* insert OutGroup(changed, 0, *, [[An assignment that was changed.]])
* insert OutPart(assignment, 1, 1, Reference, [[The CareTeam.]])
* insert PartTo(0, CareTeam)
* insert OutPart(period, 0, 1, Period, [[When the deputy stands in.]])
* insert OutGroup(left, 0, *, [[An assignment that was left as it is.]])
* insert OutPart(assignment, 1, 1, Reference, [[The CareTeam.]])
* insert PartTo(0, CareTeam)
* insert OutPart(reason, 1, 1, code, [[outside-period, has-deputy, no-such-deputy.]])
* insert OutPart(text, 1, 1, string, [[The reason in words.]])
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings and advice, each with its paragraph.]])
