"""Deadlines of the discharge process, from the timeline of a stay in hospital.

Source: R57, R61, R62, R65; lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och
sjukvård 2 kap. 1 § and 4 kap. 3 §.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, extension, items, says
from fhir_server.sweden.periods import STOCKHOLM, bounds, local_date
from fhir_server.sweden.rulings import warning

NOTICE_WITHIN = timedelta(hours=24)
DAYS_TO_CALL = 3


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the deadlines of a stay are counted from.

    Args:
        admitted: when the patient came.
        need_assessed: when the need of support was found, where that was later.
        notices: when an inskrivningsmeddelande was sent.
        ready: when the units were told that the patient is utskrivningsklar.
        withdrawn: when that was taken back.
    """

    admitted: datetime | None = None
    need_assessed: datetime | None = None
    notices: tuple[datetime, ...] = ()
    ready: tuple[datetime, ...] = ()
    withdrawn: tuple[datetime, ...] = ()

    @property
    def notice_deadline(self) -> datetime | None:
        """When the inskrivningsmeddelande must have been sent (R57); None without a start."""
        start = self.need_assessed or self.admitted
        return start + NOTICE_WITHIN if start else None

    @property
    def ready_since(self) -> datetime | None:
        """The notice of utskrivningsklar that holds; None where it was taken back (R62)."""
        last = max(self.ready, default=None)
        return last if last and all(each < last for each in self.withdrawn) else None

    @property
    def call_deadline(self) -> datetime | None:
        """First moment after the last day to call to a SIP meeting (R65).

        Three calendar days after the day of the notice, in Sweden; None where none runs.
        """
        if self.ready_since is None:
            return None
        last = local_date(self.ready_since) + timedelta(days=DAYS_TO_CALL + 1)
        return datetime.combine(last, time(), STOCKHOLM)


def is_kallelse(resource: Json) -> bool:
    """Tell whether a resource is the Task that calls an actor to a SIP meeting (R91)."""
    return resource.get("resourceType") == "Task" and says(
        resource, "code", "kallelse", codes.code_system("task-code")
    )


def has_notice(resource: Json) -> bool:
    """Tell whether a resource is a stay whose inskrivningsmeddelande was sent (R55)."""
    return resource.get("resourceType") == "Encounter" and any(
        each.get("url") == codes.ADMISSION_NOTICE_SENT for _, each in items(resource, "extension")
    )


def timeline(encounter: Json) -> Timeline:
    """Read the timeline of a stay (profile sluten-encounter)."""
    need = extension(extension(encounter, codes.structure("need-assessed-at")), "at")
    return Timeline(
        admitted=periods.read(encounter).start,
        need_assessed=_moment(need),
        notices=tuple(_moments(encounter, codes.ADMISSION_NOTICE_SENT)),
        ready=tuple(_moments(encounter, codes.structure("discharge-ready"))),
        withdrawn=tuple(_moments(encounter, codes.structure("discharge-ready-withdrawn"))),
    )


def notice_in_time(stay: Timeline) -> Iterator[Issue]:
    """Flag an inskrivningsmeddelande later than 24 hours (R57; 2 kap. 1 §): sent is sent."""
    first, deadline = min(stay.notices, default=None), stay.notice_deadline
    if first and deadline and first > deadline:
        yield warning(
            "The inskrivningsmeddelande was sent later than 24 hours after admission, or after the "
            "assessment that found the need.",
            "Encounter.extension",
            codes.SAMVL_2_1,
        )


def called_in_time(called: datetime | None, stay: Timeline) -> Iterator[Issue]:
    """Flag a kallelse later than three days after utskrivningsklar (R65; 4 kap. 3 §)."""
    if called and stay.call_deadline and called >= stay.call_deadline:
        yield warning(
            "The kallelse to the SIP meeting was sent later than three days after the notice that "
            "the patient is utskrivningsklar.",
            "Task.authoredOn",
            codes.SAMVL_4_3,
        )


def authored(task: Json) -> datetime | None:
    """Give when a kallelse was sent."""
    found = bounds(task.get("authoredOn"))
    return found[0] if found else None


def _moments(encounter: Json, url: str) -> Iterator[datetime]:
    for _, each in items(encounter, "extension"):
        if each.get("url") == url and (moment := _moment(extension(each, "at"))):
            yield moment


def _moment(part: Json) -> datetime | None:
    found = bounds(part.get("valueDateTime"))
    return found[0] if found else None
