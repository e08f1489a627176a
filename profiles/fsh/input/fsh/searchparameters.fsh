// Search parameters that R4 lacks.

RuleSet: SearchMetadata(code, base, type, description)
* insert InstanceMetadata
* name = "{code}"
* code = #{code}
* base[0] = #{base}
* type = #{type}
* description = "{description}"
* xpathUsage = #normal

Instance: CareTeam-role
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(role, CareTeam, token, [[Type of fixed contact, or another role in the team]])
* expression = "CareTeam.participant.role"

Instance: CareTeam-managing-organization
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(managing-organization, CareTeam, reference, [[The unit that answers for the assignment or team]])
* expression = "CareTeam.managingOrganization"
* target[0] = #Organization

Instance: CarePlan-huvudman
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(huvudman, CarePlan, token, [[A huvudman that answers for an activity of the plan]])
* expression = "(CarePlan.activity.extension.where(url = '{{canonical}}/StructureDefinition/huvudman').value as code)"

Instance: CarePlan-consent
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(consent, CarePlan, reference, [[The consent a plan rests on]])
* expression = "CarePlan.supportingInfo.where(resolve() is Consent)"
* target[0] = #Consent

Instance: Organization-huvudman
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(huvudman, Organization, token, [[Region, municipality or somebody else]])
* expression = "(Organization.extension.where(url = '{{canonical}}/StructureDefinition/huvudman').value as code)"

Instance: Encounter-discharge-ready
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(discharge-ready, Encounter, date, [[When the patient was found ready for discharge]])
* expression = "(Encounter.extension.where(url = '{{canonical}}/StructureDefinition/discharge-ready').extension.where(url = 'at').value as dateTime)"

Instance: CareTeam-review-date
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(review-date, CareTeam, date, [[When the need of the contact is assessed again]])
* expression = "(CareTeam.extension.where(url = '{{canonical}}/StructureDefinition/review-date').value as date)"

Instance: CarePlan-follow-up
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(follow-up, CarePlan, date, [[When the plan is followed up]])
* expression = "(CarePlan.extension.where(url = '{{canonical}}/StructureDefinition/follow-up').extension.where(url = 'date').value as date)"

Instance: Task-deadline
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(deadline, Task, date, [[When the task is due]])
* expression = "Task.restriction.period"

Instance: Provenance-care-giver
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(care-giver, Provenance, reference, [[The vårdgivare that answers for the target, the custodian]])
* expression = "Provenance.agent.where(type.coding.where(code = 'custodian').exists()).who"
* target[0] = #Organization

Instance: Provenance-care-unit
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(care-unit, Provenance, reference, [[The vårdenhet that answers for the target, the author]])
* expression = "Provenance.agent.where(type.coding.where(code = 'author').exists()).who"
* target[0] = #Organization

Instance: AuditEvent-acting-unit
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(acting-unit, AuditEvent, reference, [[The vårdenhet a person acted from]])
* expression = "(AuditEvent.agent.extension.where(url = '{{canonical}}/StructureDefinition/acting-unit').value as Reference)"
* target[0] = #Organization
