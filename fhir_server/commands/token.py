"""`fhir-server token`: issues an access token for development."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG
from fhir_server.fhir.outcome import FhirError

# What a token may do where nothing is said; the role limits it further.
PERSONS_SCOPES = "user/*.cruds"
PATIENTS_SCOPES = "patient/*.cruds user/*.cruds"
SYSTEMS_SCOPES = "system/*.cruds"
TREATMENT = "TREAT"


@click.command(epilog=EPILOG, short_help="Issue an access token for development.")
@click.option("--role", required=True, help="Role: reader, coordinator, system, patient, …")
@click.option("--unit", metavar="HSA-ID", help="HSA-id of the vårdenhet.")
@click.option("--provider", metavar="HSA-ID", help="HSA-id of the vårdgivare.")
@click.option("--person", metavar="HSA-ID", help="HSA-id of the member of staff.")
@click.option("--client", metavar="ID", help="Id of the client application.")
@click.option("--patient", metavar="ID", help="Id of the Patient who asks, or of the launch.")
@click.option("--wards", metavar="IDS", help="Ids of a guardian's wards, separated by commas.")
@click.option("--purpose", metavar="CODE", help="Purpose of use. Default: TREAT, for staff.")
@click.option(
    "--scope", metavar="SCOPES", help="SMART scopes. Default: all, for the role to limit."
)
@click.option("--rights", metavar="RIGHTS", help="Rights besides, separated by commas.")
@click.option("--minutes", type=click.FloatRange(1, 60 * 24), default=60.0, show_default=True,
              help="How long the token is valid.")  # fmt: skip
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False),
              help="The server's data directory, where its key is.")  # fmt: skip
def token(role: str, minutes: float, data_dir: Path | None, **said: str | None) -> None:
    """Write an access token to standard output, for development and tests.

    The key that signs it is made at first use, in the data directory, readable by you alone. A
    server trusts it where FHIR_SERVER_LOCAL_TOKENS is true, and so does this command. Never set
    it on a server with data of real people: whoever reads the key is anybody.

    \b
    Examples:
      fhir-server token --role coordinator --unit SE2321000016-1003 --person SE2321000016-AB12
      fhir-server token --role patient --patient albertina-hammar --minutes 10
      TOKEN=$(fhir-server token --role system --unit SE2321000016-1003)
    """
    from fhir_server.security import roles
    from fhir_server.security.authentication import local_tokens

    settings = settings_module.load(data_dir=data_dir)
    if not settings.local_tokens:
        raise click.ClickException(
            "No server would trust the token: set FHIR_SERVER_LOCAL_TOKENS=true, for this command "
            "and for the server. Only for development: docs/security/authentication.md."
        )
    known = roles.names(settings.roles)
    if role not in known:
        raise click.BadParameter(f"there are: {', '.join(known)}.", param_hint="--role")
    claims = _claims(role, said)
    try:
        who = local_tokens.principal_for(claims)
        issued = local_tokens.issue(settings.directory, claims, minutes)
    except (local_tokens.LocalKeyError, FhirError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"For {who.id} as {who.role}, {minutes:g} minutes.", err=True)
    click.echo(issued)


def _claims(role: str, said: dict[str, str | None]) -> dict[str, Any]:
    given = {name: value for name, value in said.items() if value}
    claims: dict[str, Any] = {"role": role}
    for name in ("unit", "provider", "person", "patient", "purpose"):
        if name in given:
            claims[name] = given[name]
    for name in ("wards", "rights"):
        if name in given:
            claims[name] = [each.strip() for each in given[name].split(",") if each.strip()]
    claims["client_id"] = given.get("client", "local")
    if "person" in claims:
        claims.setdefault("purpose", TREATMENT)
    about = PATIENTS_SCOPES if "patient" in claims or "wards" in claims else SYSTEMS_SCOPES
    claims["scope"] = given.get("scope", PERSONS_SCOPES if "person" in claims else about)
    claims["sub"] = claims.get("person") or claims.get("patient") or claims["client_id"]
    return claims
