"""How the calculation of payment liability is told, in Swedish: one sentence for each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from fhir_server.sweden.agreements import STATUTORY, WEEKDAY, Agreement
from fhir_server.sweden.periods import STOCKHOLM, local_date
from fhir_server.swedish import long_day, long_moment


class Words:
    """The sentences of one calculation."""

    not_in_process = (
        "Ingen har bedömt att patienten behöver insatser efter utskrivningen, så något "
        "betalningsansvar finns inte."
    )
    no_municipal_need = (
        "Patienten bedöms inte behöva kommunens insatser, så kommunen har inget betalningsansvar."
    )
    no_admission_notice = (
        "Inget inskrivningsmeddelande är skickat. Utan det inträder inget betalningsansvar."
    )
    not_ready = (
        "Ingen underrättelse om att patienten är utskrivningsklar är skickad. Utan den inträder "
        "inget betalningsansvar."
    )
    not_called = (
        "Ingen kallelse till SIP-möte är skickad. När en SIP behövs inträder inget "
        "betalningsansvar utan den."
    )

    def __init__(self, agreement: Agreement) -> None:
        self._agreement = agreement

    def basis(self) -> str:
        """Say by what terms the days are counted (R68, R70)."""
        terms = self._agreement
        kind = "vardagar" if terms.kind == WEEKDAY else "kalenderdagar"
        source = (
            "Ingen överenskommelse är inlagd för kommunen. Förvalda villkor gäller"
            if terms.id == STATUTORY
            else f"Överenskommelsen {terms.id} gäller"
        )
        whole = ", och dagarna ska ha gått till ända" if terms.full_days else ""
        return f"{source}: {terms.days} {kind} efter underrättelsen{whole}."

    def notice(self, since: datetime) -> str:
        """Say when the patient was utskrivningsklar."""
        return f"Underrättelsen om utskrivningsklar skickades {long_moment(since)}."

    def late_admission_notice(self, start: datetime) -> str:
        """Say that the later of two notices counts (R69)."""
        return (
            f"Inskrivningsmeddelandet kom först {long_moment(start)}; båda måste finnas, så "
            "dagarna räknas därifrån."
        )

    def day_zero(self, start: datetime, zero: date) -> str:
        """Say as of which day the notice counts (R71)."""
        cut_off = self._agreement.cut_off
        only = "bara vardagar räknas"
        if cut_off is None:
            return f"Dag 0 är {long_day(zero)}, eftersom {only}."
        after = start.astimezone(STOCKHOLM).time() >= cut_off
        rule = f"klockan {cut_off:%H.%M} eller senare" if after else f"före klockan {cut_off:%H.%M}"
        moved = zero != local_date(start) + timedelta(days=int(after))
        also = f", och {only}" if moved else ""
        return f"Den kom {rule}{also}, så dag 0 är {long_day(zero)}."

    def entry(self, day: date, *, holidays: bool) -> str:
        """Say when the liability enters (R70), and that the day is no working day (R74)."""
        text = f"Betalningsansvaret inträder tidigast {long_day(day)}."
        if holidays and not self._agreement.move:
            return f"{text} Dagen är helgdag eller ligger i en helg; den flyttas inte."
        return text

    def moved(self, day: date) -> str:
        """Say that the day was moved (R74)."""
        return (
            "Dagen är helgdag eller ligger i en helg, så inträdet flyttas till nästa vardag: "
            f"{long_day(day)} (lagen 1930:173)."
        )

    def waits_for_call(self, day: date) -> str:
        """Say that the kallelse came later than the liability would have entered (R69)."""
        return f"Kallelsen till SIP-möte kom först {long_day(day)}, så ansvaret inträder då."

    def spell(
        self, days: Sequence[date], until: datetime | None, left: datetime | None, now: datetime
    ) -> str:
        """Say how many days one time of being utskrivningsklar gives (R62)."""
        if until:
            end = f"Beskedet återtogs {long_moment(until)}"
        elif left:
            end = f"Patienten skrevs ut {long_moment(left)}"
        else:
            end = f"Patienten är kvar {long_moment(now)}"
        if not days:
            return f"{end}: inga vårddygn att betala för."
        return f"{end}: {dygn(len(days))} att betala för, {_span(days)}."

    def total(self, days: Sequence[date], amount: Decimal | None) -> Iterator[str]:
        """Say what the days cost (R72)."""
        if not days:
            return
        unknown = []
        for year, of_year in groupby(days, key=lambda day: day.year):
            count = len(list(of_year))
            each = self._agreement.amounts.get(year)
            if each is None:
                unknown.append(str(year))
            else:
                yield f"{year}: {dygn(count)} à {kronor(each)} = {kronor(each * count)}."
        if unknown:
            yield f"Beloppet per vårddygn för {' och '.join(unknown)} är inte inlagt."
        elif amount is not None:
            yield f"Att betala: {kronor(amount)}."


def dygn(count: int) -> str:
    """Give a number of days in hospital, in words for people."""
    return f"{count} vårddygn"


def kronor(amount: Decimal) -> str:
    """Give an amount: 24 600 kronor, 8 200,50 kronor."""
    whole, _, rest = f"{amount:,.2f}".partition(".")
    spelled = whole.replace(",", "\u00a0")
    return f"{spelled} kronor" if rest == "00" else f"{spelled},{rest} kronor"


def _span(days: Sequence[date]) -> str:
    first, last = days[0], days[-1]
    return long_day(first) if first == last else f"{long_day(first)}–{long_day(last)}"
