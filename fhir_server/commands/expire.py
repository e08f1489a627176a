"""`fhir-server expire`: ends plans whose consent has run out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, quiet_option


@click.command(epilog=EPILOG, short_help="End plans whose consent has run out.")
@quiet_option
@database_options
def expire(quiet: bool, **options: Any) -> None:
    """End every active SIP whose consent has run out, and call off its meetings.

    Run it daily, just after midnight in Sweden. A consent that runs out ends access to the plan at
    that moment, whether or not this is run; what stays behind until then is the plan's status, and
    kallelser and meetings that nobody has called off. They become what they would have become had
    the consent been withdrawn: the plan revoked, with the reason samtycke-upphort.

    Works beside running servers. It may be interrupted, and run as often as one likes: where every
    plan rests on a consent, nothing changes.

    \b
    Examples:
      fhir-server expire --data-dir .data
      5 0 * * *  fhir-server expire --quiet --mongodb-uri 'mongodb://db1,db2/?replicaSet=rs0'
    """
    from fhir_server.app import create_context, create_server
    from fhir_server.bulk.lapses import end_lapsed
    from fhir_server.serving import opened_store

    settings = settings_module.load(**options)
    with opened_store(settings) as store:
        context = create_context(create_server(settings), store)
        outcome = end_lapsed(context, dt.datetime.now(dt.UTC))
    if not quiet:
        for reference in outcome.changed:
            click.echo(reference)
        plans = sum(reference.startswith("CarePlan/") for reference in outcome.changed)
        click.echo(
            f"{outcome.people:,} people with an active SIP looked at; {plans:,} plans ended, "
            f"{len(outcome.changed) - plans:,} kallelser, tasks and meetings called off.",
            err=True,
        )
