"""Shows how far long work is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import click

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 5.0
NAME_WIDTH = 32
# Of less than this nobody can tell how long the rest will take.
_TOO_LITTLE = 0.005
# Longer times are told in minutes, and more minutes than these in hours.
_SECONDS_TOLD = 100


class Meter(Protocol):
    """Hears how work goes on, and shows it while it is open."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Leave the last state standing."""
        ...

    def planned(self, total: float) -> None:
        """So much is to be done from here."""

    def begin(self, what: str) -> None:
        """Work on this begins."""

    def done(self, amount: float, resources: int) -> None:
        """So much of the total is done, and so many resources more."""

    def waiting(self) -> None:
        """The database does not answer; the work goes on when it does."""


def meter(total: float, *, quiet: bool, counted: str = "resources") -> Meter:
    """Give what fits where the command runs.

    Args:
        total: the sum of the amounts to come.
        quiet: show nothing.
        counted: what is done, in the plural.
    """
    if quiet:
        return _Silence()
    return _Bar(total, counted) if sys.stderr.isatty() else _Lines(total, counted)


class _Silence:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def planned(self, total: float) -> None:
        pass

    def begin(self, what: str) -> None:
        pass

    def done(self, amount: float, resources: int) -> None:
        pass

    def waiting(self) -> None:
        pass


class _Bar(_Silence):
    """A bar with the rate and the time left."""

    def __init__(self, total: float, counted: str) -> None:
        self._progress = _rich_progress(counted)
        self._task = self._progress.add_task("", total=total, resources=0, rate=0.0)
        self._started = time.monotonic()
        self._resources = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.update(self._task, description="")
        self._progress.stop()

    def planned(self, total: float) -> None:
        done = self._progress.tasks[0].completed
        self._progress.update(self._task, total=done + total)

    def begin(self, what: str) -> None:
        self._progress.update(self._task, description=_shortened(what))

    def done(self, amount: float, resources: int) -> None:
        self._resources += resources
        rate = self._resources / max(time.monotonic() - self._started, 0.001)
        self._progress.update(self._task, advance=amount, resources=self._resources, rate=rate)

    def waiting(self) -> None:
        self._progress.update(self._task, description="waiting for the database")


class _Lines(_Silence):
    """A line every few seconds, for logs."""

    def __init__(self, total: float, counted: str) -> None:
        self._total = total
        self._counted = counted
        self._done = 0.0
        self._resources = 0
        self._started = self._said = time.monotonic()

    def planned(self, total: float) -> None:
        self._total = self._done + total

    def done(self, amount: float, resources: int) -> None:
        self._done += amount
        self._resources += resources
        now = time.monotonic()
        if now - self._said >= SECONDS_BETWEEN_LINES:
            self._said = now
            click.echo(self._line(now - self._started), err=True)

    def waiting(self) -> None:
        if time.monotonic() - self._said >= SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            click.echo("Waiting for the database …", err=True)

    def _line(self, seconds: float) -> str:
        share = min(self._done / self._total, 1.0) if self._total else 1.0
        rate = self._resources / seconds
        line = f"{share:.0%}: {self._resources:,} {self._counted}, {rate:,.0f} a second"
        if share < _TOO_LITTLE:
            return line
        return f"{line}, about {_span(seconds / share - seconds)} left"


def _span(seconds: float) -> str:
    """Say how long something takes as people would."""
    minutes = round(seconds / 60)
    if seconds < _SECONDS_TOLD:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < _SECONDS_TOLD else f"{minutes // 60} h {minutes % 60} min"


def _rich_progress(counted: str) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn(f"{{task.fields[resources]:,}} {counted}"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
    )


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"…{name[1 - NAME_WIDTH :]}"
