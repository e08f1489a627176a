"""CareTeam: a named contact (one CareTeam per assignment, in Inera's shape), or a team."""

from fhir_server.resources.conditions import KINDS_OF_CARE_TEAM, coded, impose
from fhir_server.resources.resource_type import ResourceType

CARE_TEAM = ResourceType(
    "CareTeam",
    about="A fast kontakt (category fast-kontakt: one person, one role) or a team.",
    imposed=(
        impose(
            "CareTeam",
            "fast-kontakt-careteam",
            coded("category", KINDS_OF_CARE_TEAM, "fast-kontakt"),
        ),
        impose("CareTeam", "team-careteam", coded("category", KINDS_OF_CARE_TEAM, "team")),
    ),
)
