"""The types that stand around the four core types in Swedish care coordination."""

from fhir_server.resources.resource_type import ResourceType

COMPANIONS = (
    ResourceType("Appointment", "A SIP meeting or another agreed time.", core=True),
    ResourceType("Communication", "What was told or sent, to whom, and when.", core=True),
    ResourceType("Condition", "A diagnosis; may be marked life-threatening.", core=True),
    ResourceType("Consent", "Consent to a SIP, to sharing, or a block (spärr).", core=True),
    ResourceType("EpisodeOfCare", "A care process (hälsoärende).", core=True),
    ResourceType("Goal", "A goal of the person or of the professions.", core=True),
    ResourceType("Organization", "Huvudman, vårdgivare or vårdenhet, by HSA-id.", core=True),
    ResourceType("Patient", "The person, by personnummer or another national number.", core=True),
    ResourceType("Practitioner", "A named person of staff, by HSA-id.", core=True),
    ResourceType("Provenance", "Who wrote what, on whose behalf.", core=True),
    ResourceType("RelatedPerson", "A relative or guardian.", core=True),
    ResourceType("Task", "Something a unit has to do, with its deadline.", core=True),
)
