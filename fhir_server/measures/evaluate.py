"""Computes a measure: the one entry of this package (R101-R109)."""

from __future__ import annotations

from fhir_server.interactions.context import Context
from fhir_server.measures.catalogue import MEASURES, Spec
from fhir_server.measures.question import Filters, Options, Question
from fhir_server.measures.result import Result
from fhir_server.measures.staff import Staff
from fhir_server.measures.tally import Tally
from fhir_server.measures.units import Units
from fhir_server.measures.window import Window


class Evaluation:
    """Computes measures on one store; what is small and asked for often is read once.

    Args:
        context: whose store.
    """

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self.units = Units.load(context)
        self.staff = Staff.load(context.store)

    def question(
        self, window: Window, filters: Filters | None = None, options: Options | None = None
    ) -> Question:
        """Give a question to this store."""
        return Question(
            self._store,
            self.units,
            self.staff,
            window,
            filters or Filters(),
            options or Options(),
        )

    def result(
        self,
        measure: str,
        window: Window,
        filters: Filters | None = None,
        options: Options | None = None,
        baseline: Window | None = None,
    ) -> Result:
        """Compute a measure; every number is in it, also small ones (see `suppressed`).

        Args:
            measure: id of one of `MEASURES`.
            window: the period.
            filters: whom it is to be about.
            options: see `Options`.
            baseline: an earlier period to compare with.

        Raises:
            KeyError: there is no such measure.
            StoreUnavailable: the database is gone.
        """
        spec = MEASURES[measure]
        before = self.result(measure, baseline, filters, options) if baseline else None
        question = self.question(window, filters, options)
        tallies = [
            Tally(
                group.code,
                spec.scoring,
                self.units,
                group.stratifiers,
                group.of_hits,
                group.score_of,
                question.options.listing,
            )
            for group in spec.groups
        ]
        notes = spec.count(question, tallies)
        return self._result(spec, window, tallies, dict(notes or {}), before)

    def _result(
        self,
        spec: Spec,
        window: Window,
        tallies: list[Tally],
        notes: dict[str, int],
        before: Result | None,
    ) -> Result:
        groups = {tally.code: tally.group() for tally in tallies}
        names = {
            unit: self.units.name(unit)
            for group in groups.values()
            for unit in group.strata.get("unit", ())
            if unit in self.units
        }
        return Result(
            spec.id,
            window,
            groups,
            target=spec.target,
            unit=spec.unit,
            rises=spec.rises,
            baseline=before,
            names=names,
            notes=notes,
        )


def evaluate(
    context: Context,
    measure: str,
    window: Window,
    filters: Filters | None = None,
    options: Options | None = None,
    baseline: Window | None = None,
) -> Result:
    """Compute one measure; see `Evaluation.result`."""
    return Evaluation(context).result(measure, window, filters, options, baseline)
