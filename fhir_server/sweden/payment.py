"""The municipality's payment liability for days in hospital after utskrivningsklar.

R68–R72, R74; lagen (2017:612) 5 kap. The paragraphs' own text could not be read (DOMAIN 7): what is
counted how is an `Agreement`, and the calculation says each of its steps, so that who pays can
check it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from fhir_server.sweden import codes
from fhir_server.sweden.agreements import WEEKDAY, Agreement
from fhir_server.sweden.discharge import Spell, Timeline
from fhir_server.sweden.payment_words import Words
from fhir_server.sweden.periods import STOCKHOLM, local_date
from fhir_server.sweden.working_days import is_working_day, working_day_from, working_days_after

NOT_APPLICABLE = "inte-aktuellt"
NOT_ENTERED = "har-inte-intratt"
RUNNING = "lopande"
ENDED = "avslutat"
NONE = "inget"


@dataclass(frozen=True, slots=True)
class Entry:
    """How the first day to pay for was found.

    Args:
        day: the first day the municipality pays for.
        day_zero: the day the notice counts as given.
        unmoved: the day before it was moved from a weekend or holiday (R74).
    """

    day: date
    day_zero: date
    unmoved: date


@dataclass(frozen=True, slots=True)
class Liability:
    """The liability at a moment.

    Args:
        status: of CodeSystem payment-status.
        agreement: the id of what it was counted by.
        enters: the first day to pay for, of the notice that holds or of the last that did.
        days: vårddygn to pay for so far.
        amount: SEK; None where a year's amount per day is not known.
        explanation: the calculation in Swedish, one step a line.
    """

    status: str
    agreement: str
    enters: date | None
    days: int
    amount: Decimal | None
    explanation: tuple[str, ...]


def entry(notice: datetime, agreement: Agreement) -> Entry:
    """Give the first day that the municipality pays for (R70, R71, R74).

    Args:
        notice: when it was told that the patient is utskrivningsklar.
        agreement: how days are counted.
    """
    local = notice.astimezone(STOCKHOLM)
    after = agreement.cut_off is not None and local.time() >= agreement.cut_off
    zero = local.date() + timedelta(days=int(after))
    count = agreement.days + int(agreement.full_days)
    if agreement.kind == WEEKDAY:
        zero = working_day_from(zero)
        day = working_days_after(zero, count)
        return Entry(day, zero, day)
    day = zero + timedelta(days=count)
    return Entry(working_day_from(day) if agreement.move else day, zero, day)


def liability(
    stay: Timeline, called: datetime | None, agreement: Agreement, now: datetime
) -> Liability:
    """Give the payment liability of a stay, and how it comes about.

    Args:
        stay: the timeline, as it was at ``now``.
        called: when the kallelse to the SIP meeting was sent; None where it was not.
        agreement: what region and municipality agreed.
        now: the moment asked about.
    """
    words = Words(agreement)
    said = [words.basis()]
    missing = list(_missing(stay, words))
    if missing:
        return Liability(NOT_APPLICABLE, agreement.id, None, 0, None, (*said, *missing))
    counting = _Counting(stay, called, agreement, words, now)
    for spell in stay.spells:
        said += counting.spell(spell)
    if counting.waits:
        said.append(words.not_called)
    days, enters = counting.days, counting.enters
    amount = _amount(days, agreement)
    said += words.total(days, amount)
    status = _status(stay, enters, days, now)
    if counting.waits and status == RUNNING:
        status = NOT_ENTERED
    return Liability(status, agreement.id, enters, len(days), amount, tuple(said))


class _Counting:
    """Counts the days of each time of being utskrivningsklar, and says how."""

    def __init__(
        self,
        stay: Timeline,
        called: datetime | None,
        agreement: Agreement,
        words: Words,
        now: datetime,
    ) -> None:
        self._stay, self._called, self._now = stay, called, now
        self._agreement, self._words = agreement, words
        self._needs_call = stay.needs_both and not stay.compulsory
        self._notice = min(stay.notices)
        self.days: list[date] = []
        self.enters: date | None = None

    @property
    def waits(self) -> bool:
        """Whether no liability enters before a kallelse is sent (R69)."""
        return self._needs_call and self._called is None

    def spell(self, spell: Spell) -> Iterator[str]:
        """Count one; give the sentences."""
        start = max(spell.since, self._notice)
        found = entry(start, self._agreement)
        self.enters = found.day
        yield from self._told(found, start, spell.since)
        if self._needs_call and self._called and local_date(self._called) > found.day:
            self.enters = local_date(self._called)
            yield self._words.waits_for_call(self.enters)
        end = local_date(spell.until or self._stay.discharged or self._now)
        counted = [] if self.waits else _days(self.enters, end)
        self.days += counted
        yield self._words.spell(counted, spell.until, self._stay.discharged, self._now)

    def _told(self, found: Entry, start: datetime, since: datetime) -> Iterator[str]:
        words = self._words
        yield words.notice(since)
        if start != since:
            yield words.late_admission_notice(start)
        if self._agreement.cut_off is not None or found.day_zero != local_date(start):
            yield words.day_zero(start, found.day_zero)
        yield words.entry(found.unmoved, holidays=not is_working_day(found.unmoved))
        if found.day != found.unmoved:
            yield words.moved(found.day)


def _missing(stay: Timeline, words: Words) -> Iterator[str]:
    """Say what the liability lacks (R69)."""
    if not stay.in_process:
        yield words.not_in_process
        return
    if stay.needs and codes.KOMMUN not in stay.needs:
        yield words.no_municipal_need
        return
    if not stay.notices:
        yield words.no_admission_notice
    if not stay.ready:
        yield words.not_ready


def _days(first: date, last: date) -> list[date]:
    """Give the days to pay for: the day the patient leaves is none, as nobody stays the night."""
    return [first + timedelta(days=number) for number in range((last - first).days)]


def _amount(days: list[date], agreement: Agreement) -> Decimal | None:
    if any(day.year not in agreement.amounts for day in days):
        return None
    return sum((agreement.amounts[day.year] for day in days), Decimal(0))


def _status(stay: Timeline, enters: date | None, days: list[date], now: datetime) -> str:
    holds = stay.ready_since is not None and stay.discharged is None
    if holds:
        return RUNNING if enters is not None and local_date(now) >= enters else NOT_ENTERED
    if days:
        return ENDED
    return NONE if stay.discharged else NOT_ENTERED
