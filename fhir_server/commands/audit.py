"""`fhir-server audit`: verifies the audit trail, tells its heads, purges what is past its time."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, quiet_option
from fhir_server.commands.progress import meter

if TYPE_CHECKING:
    from fhir_server.security.audit.chain import Seal
    from fhir_server.settings import Settings
    from fhir_server.storage.mongo_audit import AuditStore

MOST_SHOWN = 100


@click.group(epilog=EPILOG, short_help="Verify, anchor and purge the audit trail.")
def audit() -> None:
    """Work with the audit trail: who read and wrote what about whom.

    The server's records are chained by hashes, so that what is done behind its back shows. The
    trail itself is read as FHIR: GET [base]/AuditEvent, GET [base]/Patient/[id]/$access-log.

    \b
    Examples:
      fhir-server audit verify --anchors /var/log/fhir-server.log
      fhir-server audit heads >> /mnt/worm/audit-heads.jsonl
      fhir-server audit purge
    """


@audit.command(epilog=EPILOG)
@click.option(
    "--anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of heads kept elsewhere: the server's log, or what `heads` printed.",
)
@quiet_option
@database_options
def verify(anchors: Path | None, quiet: bool, **options: Any) -> None:
    """Find records that were changed, removed, inserted, reordered or cut off.

    Ends with status 1 where there are any. Give the file of the key (FHIR_SERVER_AUDIT_KEY) that
    the server has. Without --anchors, somebody with the key, or in a trail without one, could have
    made the end of a chain anew.

    \b
    Examples:
      fhir-server audit verify
      fhir-server audit verify --anchors /var/log/fhir-server.log
    """
    from fhir_server.security.audit.verification import Verification, read_anchors

    kept = list(read_anchors(anchors.read_text("utf-8").splitlines())) if anchors else []
    with _ledger(settings_module.load(**options)) as (ledger, seal):
        shown = meter(ledger.count(), quiet=quiet, counted="records")
        verification = Verification(ledger, seal, kept, lambda n: shown.done(n, n))
        with shown:
            findings = list(verification.run())
    for finding in findings[:MOST_SHOWN]:
        place = f" {finding.stream}" if finding.stream else ""
        number = f" record {finding.number}" if finding.number else ""
        click.echo(f"{finding.kind}:{place}{number}: {finding.text}")
    if len(findings) > MOST_SHOWN:
        click.echo(f"… and {len(findings) - MOST_SHOWN:,} more.")
    if not quiet:
        checked = f"{verification.records:,} records verified, {len(kept):,} anchors."
        click.echo(f"{checked} {len(findings):,} findings.", err=True)
    sys.exit(1 if findings else 0)


@audit.command(epilog=EPILOG)
@database_options
def heads(**options: Any) -> None:
    """Print where each stream of the trail has come to, as lines of JSON.

    Keep them where who runs the database can't write: `verify --anchors` compares them. No personal
    data is in them.

    \b
    Example:
      fhir-server audit heads >> /mnt/worm/audit-heads.jsonl
    """
    with _ledger(settings_module.load(**options)) as (ledger, _):
        for head in ledger.heads():
            line = {"stream": head.stream, "number": head.number, "hash": head.hash}
            click.echo(json.dumps(line))


@audit.command(epilog=EPILOG)
@quiet_option
@database_options
def purge(quiet: bool, **options: Any) -> None:
    """Take away records older than FHIR_SERVER_AUDIT_YEARS (5 unless set, never fewer).

    What is left can still be verified. The purge is itself recorded in the trail.

    \b
    Example:
      fhir-server audit purge --data-dir .data
    """
    from fhir_server.fhir.dates import micros
    from fhir_server.security.audit.purging import purge as take_away

    settings = settings_module.load(**options)
    now = dt.datetime.now(dt.UTC)
    before = micros(_years_before(now, settings.audit_years))
    with _ledger(settings) as (ledger, seal):
        with meter(ledger.count(), quiet=quiet, counted="records") as shown:
            gone = take_away(ledger, seal, before, lambda n: shown.done(n, n))
        _record_purge(settings, ledger, before, gone)
    if not quiet:
        click.echo(
            f"{gone:,} records older than {settings.audit_years} years taken away.", err=True
        )


def _record_purge(settings: Settings, ledger: AuditStore, before: int, gone: int) -> None:
    from fhir_server.api import access_log
    from fhir_server.app import audit_form, audit_rules
    from fhir_server.fhir.dates import instant_text
    from fhir_server.security.audit.event import Interaction, Occurrence
    from fhir_server.security.audit.trail import Trail
    from fhir_server.security.principal import Principal

    access_log.configure(settings.log_level)
    said = f"audit purge: {gone} records before {instant_text(before)}"
    who = Principal("fhir-server audit purge", role="administrator")
    trail = Trail(audit_rules(settings), ledger)
    trail.tell(Occurrence(Interaction("operation", "D", "audit-purge"), 200, who, query=said),
               audit_form(settings))  # fmt: skip
    trail.stop()


def _years_before(moment: dt.datetime, years: int) -> dt.datetime:
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year - years, day=28)


@contextmanager
def _ledger(settings: Settings) -> Iterator[tuple[AuditStore, Seal]]:
    from fhir_server.app import audit_rules
    from fhir_server.security.audit.chain import Seal
    from fhir_server.serving import opened_store
    from fhir_server.storage.mongo_audit import AuditStore

    rules = audit_rules(settings)
    with opened_store(settings) as store:
        ledger = AuditStore(store.collections)
        ledger.prepare()
        yield ledger, Seal(rules.key)
