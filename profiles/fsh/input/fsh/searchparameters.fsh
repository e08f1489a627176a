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
