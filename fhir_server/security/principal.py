"""Who asks, as far as the server was told and could verify."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.security.scopes import Scope

# Of the codes of `Principal.purpose`.
PURPOSES = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
# Role of whoever asks a server without authentication, which only its own machine can reach.
OPEN = "open"
# Role of whoever asks a secured server for what needs no token.
NOBODY = "anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or system behind a request.

    Args:
        id: a stable name for logs and records: the HSA-id of a person, the id of a client, or
            ``Patient/[id]``; never a personal identity number.
        role: a key of the roles (`fhir_server.security.roles`).
        client: the client application's id.
        person: HSA-id of the member of staff.
        provider: HSA-id of the vårdgivare.
        unit: HSA-id of the vårdenhet; a system's may be its vårdgivare.
        assignment: HSA-id of the medarbetaruppdrag chosen at login.
        purpose: code of v3-PurposeOfUse, such as ``TREAT``; empty where none was said.
        patient: ``Patient/[id]`` of the SMART launch context, or of the patient who asks.
        wards: ``Patient/[id]`` of those a guardian asks for.
        rights: what the role alone does not give, such as ``protected-persons``.
        scopes: what the token allows; None where no token was needed, and nothing is limited.
        token: the token's ``jti``, or what stands for it.
    """

    id: str
    role: str = OPEN
    client: str = ""
    person: str = ""
    provider: str = ""
    unit: str = ""
    assignment: str = ""
    purpose: str = ""
    patient: str = ""
    wards: tuple[str, ...] = ()
    rights: frozenset[str] = frozenset()
    scopes: tuple[Scope, ...] | None = None
    token: str = ""

    @property
    def unrestricted(self) -> bool:
        """Whether this is the one of a server without authentication."""
        return self.role == OPEN


# Without authentication the server listens on loopback, and whoever reaches it is this one.
LOCAL = Principal("local")

# May see the CapabilityStatement and the like, and nothing that is stored.
ANONYMOUS = Principal("anonymous", role=NOBODY, scopes=())
