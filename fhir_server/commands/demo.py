"""`fhir-server demo`: three people to try the server on, or a region of any size."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import fhir_server
from fhir_server import settings as settings_module
from fhir_server.commands import load
from fhir_server.commands.options import EPILOG, database_options, quiet_option
from fhir_server.settings import Settings

if TYPE_CHECKING:
    from fhir_server.commands.region import Plan

PEOPLE = """
  albertina-hammar   an old woman, goes home from hospital; a SIP is to be made
  maria-ljungberg    has ALS, a life-threatening condition; has an active SIP
  lo-testsson        12 years, away from school; has a draft SIP
"""


REGION_READS = """
curl '{base}/Patient/demo-000000/$named-contacts?_pretty=true'
curl '{base}/CareTeam?participant=PractitionerRole/demo-hc-2380-1-lakare-1&_summary=count'
"""


@dataclass(frozen=True, slots=True)
class Request:
    """Something to try, as an HTTP request below the FHIR base."""

    about: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...] = ()

    @property
    def body(self) -> str | None:
        """The Parameters resource as JSON, a parameter on each line; None for a GET."""
        if not self.parameters:
            return None
        lines = ",\n ".join(json.dumps(each, ensure_ascii=False) for each in self.parameters)
        return f'{{"resourceType": "Parameters", "parameter": [\n {lines}\n]}}'

    def as_curl(self, base: str) -> str:
        """Give the command that sends it, ready to be pasted into a shell."""
        url = shlex.quote(f"{base}/{self.path}")
        if self.body is None:
            return f"curl {url}"
        return (
            f"curl -X {self.method} {url} \\\n  -H 'Content-Type: application/fhir+json' \\\n"
            f"  -d {shlex.quote(self.body)}"
        )


def _reference(name: str, target: str) -> dict[str, Any]:
    return {"name": name, "valueReference": {"reference": target}}


def _goal(label: str, description: str) -> dict[str, Any]:
    parts = [
        {"name": "label", "valueString": label},
        {"name": "description", "valueString": description},
    ]
    return {"name": "goal", "part": parts}


def _activity(description: str, huvudman: str, owner: str, goal: str) -> dict[str, Any]:
    parts = [
        {"name": "description", "valueString": description},
        {"name": "huvudman", "valueCode": huvudman},
        _reference("owner", owner),
        {"name": "goal", "valueString": goal},
    ]
    return {"name": "activity", "part": parts}


REQUESTS = (
    Request(
        "Appoint Eva Test, distriktssköterska, as Albertina's fast vårdkontakt:",
        "POST",
        "Patient/albertina-hammar/$assign-fast-vardkontakt?_pretty=true",
        (
            _reference("practitionerRole", "PractitionerRole/eva-test-hc"),
            {"name": "basis", "valueCode": "utskrivning"},
            _reference("appointedBy", "PractitionerRole/vera-test-hc"),
        ),
    ),
    Request(
        "Read who Albertina's named contacts are, and how to reach them:",
        "GET",
        "Patient/albertina-hammar/$named-contacts?_pretty=true",
    ),
    Request(
        "Make a draft of her samordnad individuell plan (SIP):",
        "POST",
        "Patient/albertina-hammar/$generate-sip?_pretty=true",
        (
            {"name": "need", "valueString": "Jag vill känna mig trygg hemma."},
            _goal("trygg", "Jag klarar vardagen hemma utan att ramla."),
            _activity(
                "Uppföljning av hjärtsvikt och läkemedel",
                "region",
                "Organization/halsocentralen-test",
                "trygg",
            ),
            _activity("Hemtjänst morgon och kväll", "kommun", "Organization/hemtjansten", "trygg"),
            {
                "name": "overallResponsible",
                "part": [
                    {"name": "huvudman", "valueCode": "kommun"},
                    _reference("organization", "Organization/ostersunds-kommun"),
                ],
            },
            _reference("meeting", "Appointment/albertina-sip-mote"),
        ),
    ),
)


PAGES = (
    (
        "Albertina's discharge, step by step:",
        "Encounter/albertina-avd108/$discharge-timeline?_format=html",
    ),
    ("What she took home:", "Encounter/albertina-avd108/$discharge-summary?_format=html"),
    ("Maria's SIP:", "CarePlan/maria-sip/$document?_format=html"),
    (
        "Maria's patientkontrakt:",
        "Patient/maria-ljungberg/$patientkontrakt?at=2026-03-10&_format=html",
    ),
    ("Albertina's named contacts:", "Patient/albertina-hammar/$named-contacts?_format=html"),
)


@click.command(epilog=EPILOG, short_help="Load made-up people, or a region, to try the server on.")
@click.option(
    "--size",
    type=click.IntRange(1, 5_000_000),
    metavar="N",
    help="Make a region of N patients instead.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="S",
    default=1,
    show_default=True,
    help="What the region follows from; another gives another.",
)
@click.option(
    "--end",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Last day of the region's two years. Default: today.",
)
@quiet_option
@database_options
def demo(size: int | None, seed: int, end: dt.datetime | None, quiet: bool, **options: Any) -> None:
    """Load three made-up people and their care, and say what to try on them.

    With --size, make a whole region and load it: units, staff, and N patients with their named
    contacts, visits and stays of two years. The same size, seed and last day give the same region;
    loading it again sets back what you changed in it.

    Give the same --data-dir or --mongodb-uri as the server's, if it has one. Loading the people
    twice changes nothing: what you changed since stays.

    \b
    Examples:
      fhir-server demo
      fhir-server demo --data-dir .data        beside `make run`
      fhir-server demo --size 2000 --end 2026-11-01
    """
    settings = settings_module.load(**options)
    if size is not None:
        _region(settings, size, seed, end, quiet=quiet)
        return
    folder = data_folder()
    files = sorted(folder.glob("*.json"))
    tally = load.run(settings, load.find(files, folder), quiet=quiet)
    if tally.failed:
        sys.exit(1)
    if not quiet:
        click.echo(f"\nThe people, each a Patient:\n{PEOPLE}")
        click.echo(
            "While the server runs (fhir-server serve, or make run). To open in a browser:\n"
        )
        for about, page in PAGES:
            click.echo(f"  {about}\n    {settings.fhir_base}/{page}")
        click.echo("\nTo paste in a terminal:")
        for request in REQUESTS:
            click.echo(f"\n# {request.about}\n{request.as_curl(settings.fhir_base)}")


def _region(
    settings: Settings, size: int, seed: int, end: dt.datetime | None, *, quiet: bool
) -> None:
    from fhir_server.commands.region import Plan, load_region
    from fhir_server.sweden.periods import local_date

    today = local_date(dt.datetime.now(dt.UTC))
    last = end.date() if end else today
    if last > today:
        raise click.BadParameter("the last day must not lie ahead.", param_hint="--end")
    plan = Plan(size, seed, last)
    if not quiet:
        _say_what_is_made(plan)
    tally = load_region(settings, plan, quiet=quiet)
    if tally.failed:
        sys.exit(1)
    if not quiet:
        base = settings.fhir_base
        click.echo(f"\nTo look at, while the server runs:\n{REGION_READS.format(base=base)}")


def _say_what_is_made(plan: Plan) -> None:
    click.echo(f"A region of {plan.size:,} patients, seed {plan.seed}, until {plan.end}.")
    if others := plan.region().beyond_personnummer:
        click.echo(
            f"There are not enough test personnummer: {others:,} patients get samordningsnummer "
            "or reserve numbers."
        )


def data_folder() -> Path:
    """Give the folder with the demo's bundles: in an installed package, or in a checkout."""
    package = Path(fhir_server.__file__).resolve().parent
    inside, beside = package / "demo_data", package.parent / "demo"
    if inside.is_dir():
        return inside
    if beside.is_dir():
        return beside
    raise click.ClickException(f"The demo's files are missing: neither {inside} nor {beside}.")
