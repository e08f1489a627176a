"""The types that stand around the four core types in Swedish care coordination."""

from fhir_server.resources.resource_type import ResourceType

COMPANIONS = (
    ResourceType("Appointment", "A SIP meeting or another agreed time."),
    ResourceType("Communication", "What was told or sent, to whom, and when."),
    ResourceType("Condition", "A diagnosis; may be marked life-threatening."),
    ResourceType("Consent", "Consent to a SIP, to sharing, or a block (spärr)."),
    ResourceType("EpisodeOfCare", "A care process (hälsoärende)."),
    ResourceType("Goal", "A goal of the person or of the professions."),
    ResourceType("Organization", "Huvudman, vårdgivare or vårdenhet, by HSA-id."),
    ResourceType("Patient", "The person, by personnummer or another national number."),
    ResourceType("Practitioner", "A named person of staff, by HSA-id."),
    ResourceType("Provenance", "Who wrote what, on whose behalf."),
    ResourceType("RelatedPerson", "A relative or guardian."),
    ResourceType("Task", "Something a unit has to do, with its deadline."),
)
