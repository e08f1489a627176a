"""Plain Swedish for what a patientkontrakt tells: types of plan, states, decisions (R86, R96)."""

from __future__ import annotations

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, codings, text
from fhir_server.sweden.patientkontrakt import is_patientkontrakt, plan_type

# Inera's types of plan, what each says and what it does not (R86).
PLAN_NAMES = {
    codes.SIP: "Samordnad individuell plan (SIP)",
    "SPLPTLRV": "Samordnad plan vid psykiatrisk tvångsvård (LPT eller LRV)",
    "SPU": "Samordnad plan vid utskrivning",
    "VP": "Vårdplan",
    "HP": "Habiliteringsplan",
    "RP": "Rehabiliteringsplan",
    "GP": "Genomförandeplan",
    "SVP": "Standardiserad vårdplan",
}
PLAN_PURPOSES = {
    codes.SIP: "Säger vem som gör vad när du får hjälp från både region och kommun.",
    "SPLPTLRV": "Säger vilket stöd du ska ha när tvångsvården på sjukhus är slut.",
    "SPU": "Säger vilket stöd du ska ha när du kommer hem från sjukhuset.",
    "VP": "Säger vilken vård och behandling du ska få.",
    "HP": "Säger hur habiliteringen ska hjälpa dig i vardagen.",
    "RP": "Säger vad du och vården gör för att du ska få tillbaka din förmåga.",
    "GP": "Säger hur kommunen ger dig den hjälp du har fått beslut om.",
    "SVP": "Säger vilken vård som brukar ges vid din sjukdom.",
}
PLAN_STATES = {
    "draft": "Görs nu, är inte klar",
    "active": "Gäller nu",
    "on-hold": "Pausad",
    "completed": "Avslutad",
    "revoked": "Avbruten",
}
APPOINTMENT_STATES = {
    "proposed": "Förslag, inte bokat än",
    "pending": "Inte bokat än, väntar på svar",
    "booked": "Bokat",
    "arrived": "Pågår",
    "checked-in": "Pågår",
    "fulfilled": "Har varit",
    "cancelled": "Inställt",
    "noshow": "Blev inte av",
}
APPOINTMENT_PAST_STATES = {
    "proposed": "Blev inte bokat",
    "pending": "Blev inte bokat",
    "cancelled": "Ställdes in",
    "noshow": "Blev inte av",
}
MEETING_FORMS = {
    "hemma": "hemma hos dig",
    "digitalt": "digitalt",
    "blandat": "på plats och digitalt",
}
DECISIONS = {
    codes.FORTSATT_PLAN: "Planen fortsätter som den är",
    codes.ANDRAS: "Planen ändras",
    codes.AVSLUTAS: "Planen avslutas",
}
HUVUDMEN = {codes.REGION: "Regionen", codes.KOMMUN: "Kommunen"}
ACTIVITY_STATES = {
    "not-started": "Inte börjat",
    "scheduled": "Planerat",
    "on-hold": "Pausat",
    "completed": "Klart",
    "stopped": "Avbrutet",
}
_ACHIEVEMENTS = {
    "achieved": "Målet är nått",
    "sustaining": "Målet är nått",
    "in-progress": "På väg",
    "improving": "På väg, det går bättre",
    "worsening": "På väg, det går trögare",
    "no-change": "Som förut",
    "no-progress": "Inte på väg än",
    "not-achieved": "Målet är inte nått",
    "not-attainable": "Målet går inte att nå",
}
_ACHIEVEMENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/goal-achievement"


def plan_title(plan: Json) -> str:
    """Give what a plan is called: its title, or its type."""
    if is_patientkontrakt(plan):
        return text(plan, "title") or "Patientkontrakt"
    return text(plan, "title") or PLAN_NAMES.get(plan_type(plan), "Plan")


def achieved(goal: Json) -> str:
    """Say how far a goal is reached (R92); empty where nobody has said."""
    found = codings(child(goal, "achievementStatus"), _ACHIEVEMENT_SYSTEM)
    return next((_ACHIEVEMENTS[code] for code in found if code in _ACHIEVEMENTS), "")
