"""The messages of the discharge process, one Communication for each unit that is told.

One for each, so that each unit confirms its own (`Communication.received`) and sees nobody else's.
The texts are Swedish: staff read them. Source: R55-R63; lagen (2017:612) 2 and 3 kap.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_server import swedish
from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, Written
from fhir_server.operations.contacts.assignment_edits import coded
from fhir_server.operations.discharge.stay_at_hand import Moment, Stay
from fhir_server.operations.results import several_answer
from fhir_server.operations.swedish_moments import day_and_hour
from fhir_server.sweden import codes
from fhir_server.sweden.admission_notice import Content
from fhir_server.sweden.audience import protective_labels
from fhir_server.sweden.elements import concept_codes
from fhir_server.sweden.periods import STOCKHOLM, bounds

Resource = dict[str, Any]

_NEEDS = {codes.REGION: "regionen", codes.KOMMUN: "kommunen"}


@dataclass(frozen=True, slots=True)
class Message:
    """What is said to every unit alike.

    Args:
        category: code of communication-category.
        sender: Reference to who says it.
        at: when.
        payload: what it says, as Communication.payload.
        answers: categories of earlier messages that this one changes.
    """

    category: str
    sender: Resource
    at: Moment
    payload: Sequence[Resource]
    answers: tuple[str, ...] = ()


@dataclass(slots=True)
class Ids:
    """Logical ids for what an operation makes, the same each time it is tried."""

    _given: defaultdict[tuple[str, ...], str] = field(default_factory=lambda: defaultdict(new_id))

    def of(self, *key: str) -> str:
        """Give the id of what is known by a key in this call."""
        return self._given[key]


def messages(stay: Stay, units: Iterable[str], message: Message, ids: Ids) -> list[Draft]:
    """Give a message to each unit, as an answer to the last that it got of what it changes."""
    earlier = _earlier(stay, message.answers) if message.answers else {}
    return [
        Draft(_communication(stay, unit, message, earlier.get(unit)), ids.of("message", unit))
        for unit in units
    ]


def text_payload(*lines: str) -> list[Resource]:
    """Give a payload of one text, line by line; empty lines are left out."""
    return [{"contentString": "\n".join(line for line in lines if line)}]


def spelled(moment: str | dt.datetime) -> str:
    """Give a day or a moment as people write it: 6 mars 2026 klockan 11."""
    if isinstance(moment, str):
        return day_and_hour(moment, STOCKHOLM) or moment
    return swedish.moment(moment)


def notice_text(stay: Stay, said: Content, needs: Sequence[str], note: str) -> list[str]:
    """Give the lines of an inskrivningsmeddelande; the expected discharge comes after (R56)."""
    admitted = stay.timeline.admitted
    where = stay.finder.read(stay.encounter.get("serviceProvider", {}).get("reference", ""))
    wanted = swedish.listed([_NEEDS[each] for each in _NEEDS if each in needs])
    return [
        "Inskrivningsmeddelande enligt lagen (2017:612) om samverkan vid utskrivning från sluten "
        "hälso- och sjukvård.",
        f"Namn: {said.name}",
        f"{said.number_name}: {said.number}",
        f"Folkbokföringsadress: {said.address}",
        f"Inskriven: {spelled(admitted)}" if admitted else "",
        f"Enhet: {where['name']}" if where and "name" in where else "",
        f"Insatser bedöms behövas från {wanted}." if wanted else "",
        swedish.sentence(note),
    ]


def answer(written: Written, issues: Iterable[Issue] = ()) -> Answer:
    """Give Parameters with the stay as ``return`` and the rest by what it is."""
    first, *rest = written.stored
    named = [("return", first), *((each.resource_type.lower(), each) for each in rest)]
    return several_answer(200, named, [*issues, *written.issues])


def _communication(stay: Stay, unit: str, message: Message, earlier: str | None) -> Resource:
    labels = protective_labels(stay.patient)
    return {
        "resourceType": "Communication",
        "meta": {
            "profile": [codes.structure("discharge-communication")],
            **({"security": labels} if labels else {}),
        },
        **({"inResponseTo": [{"reference": earlier}]} if earlier else {}),
        "status": "completed",
        "category": [coded(codes.COMMUNICATION_CATEGORY_SYSTEM, message.category)],
        "subject": {"reference": stay.patient_reference},
        "encounter": {"reference": stay.reference},
        "sent": message.at.text,
        "recipient": [{"reference": unit}],
        "sender": message.sender,
        "payload": list(message.payload),
    }


def _earlier(stay: Stay, categories: tuple[str, ...]) -> dict[str, str]:
    """Give the last message of some categories to each unit."""
    found = [
        each
        for each in stay.finder.search("Communication", encounter=stay.reference)
        if set(categories)
        & set(concept_codes(each, "category", codes.COMMUNICATION_CATEGORY_SYSTEM))
    ]
    found.sort(key=_sent)
    return {
        recipient["reference"]: f"Communication/{each['id']}"
        for each in found
        for recipient in each.get("recipient", [])
        if "reference" in recipient
    }


def _sent(communication: Resource) -> dt.datetime:
    found = bounds(communication.get("sent"))
    return found[0] if found else dt.datetime.min.replace(tzinfo=dt.UTC)
