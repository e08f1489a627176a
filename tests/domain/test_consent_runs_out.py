"""A consent to a SIP that runs out: access ends at that moment, the plan with `fhir-server expire`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from fhir_server.app import create_context
from fhir_server.bulk.lapses import Outcome, end_lapsed
from fhir_server.cli import main
from fhir_server.interactions.context import Context, Server
from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, days, extension
from tests.domain.consent_calls import ENDED, GOES_ON, Planned, planned, statuses
from tests.domain.sip_calls import consent_to_sip


@pytest.fixture
def context(app_server: Server, store: MongoStore) -> Context:
    return create_context(app_server, store)


@pytest.fixture
def run(context: Context) -> Callable[[int], Outcome]:
    """Runs it as it would run in some days."""

    def run_in(count: int) -> Outcome:
        return end_lapsed(context, dt.datetime.now(dt.UTC) + dt.timedelta(days=count))

    return run_in


def until(day: str) -> Json:
    """Give a consent that holds to the end of a day."""
    return {"provision": {"type": "permit", "period": {"end": day}}}


def reasons(clinic: Clinic, sip: Planned) -> set[str]:
    """Give why the plan, the kallelser and the meeting ended."""
    end = extension(clinic.read(sip.plan), codes.PLAN_END)
    said = [part["valueCode"] for part in end["extension"] if part["url"] == "reason"]
    ended = [clinic.read(each)["statusReason"] for each in sip.calls.values()]
    ended.append(clinic.read(sip.meeting)["cancelationReason"])
    return {*said, *(each["coding"][0]["code"] for each in ended)}


def test_a_plan_ends_with_its_consent_and_what_was_called_for_it_is_called_off(
    clinic: Clinic, run: Callable[[int], Outcome]
) -> None:
    """R78: a consent limited in time ends by itself."""
    sip = planned(clinic, until(days(3)))
    assert run(2).changed == ()
    assert statuses(clinic, sip) == GOES_ON
    outcome = run(4)
    assert set(outcome.changed) == {sip.plan, *sip.calls.values(), sip.meeting, sip.follow_up}
    assert statuses(clinic, sip) == ENDED
    assert reasons(clinic, sip) == {codes.SAMTYCKE_UPPHORT}
    assert clinic.read(sip.consent)["status"] == "active", "nobody has withdrawn it"
    assert run(5).changed == (), "what has ended stays as it is"


def test_a_plan_stays_where_the_consent_was_given_anew(
    clinic: Clinic, run: Callable[[int], Outcome]
) -> None:
    """R78: what the plan rests on counts, and not a consent of old beside it."""
    sip = planned(clinic, until(days(3)))
    plan = clinic.read(sip.plan)
    new = clinic.put(consent_to_sip(sip.patient))
    clinic.put(plan | {"supportingInfo": [{"reference": new}, {"reference": sip.consent}]})
    assert sip.plan not in run(4).changed
    assert clinic.read(sip.plan)["status"] == "active"


def test_a_no_that_comes_into_force_ends_the_plan_as_a_withdrawal(
    clinic: Clinic, run: Callable[[int], Outcome]
) -> None:
    """R78: they have said that from a day on they do not want it."""
    sip = planned(clinic)
    no = {"provision": {"type": "deny", "period": {"start": days(3)}}}
    clinic.put(consent_to_sip(sip.patient, **no))
    assert clinic.read(sip.plan)["status"] == "active"
    assert sip.plan in run(4).changed
    assert reasons(clinic, sip) == {codes.SAMTYCKE_ATERKALLAT}


def test_only_those_whose_consent_ran_out_are_touched(
    clinic: Clinic, run: Callable[[int], Outcome]
) -> None:
    one, other = planned(clinic, until(days(3))), planned(clinic)
    changed = run(4).changed
    assert one.plan in changed
    assert not {other.plan, other.meeting, *other.calls.values()} & set(changed)
    assert clinic.read(other.plan)["meta"]["versionId"] == "1"


def test_the_command_tells_what_it_did(clinic: Clinic, mongo_uri: str, database: str) -> None:
    planned(clinic)
    where = {"FHIR_SERVER_MONGODB_DATABASE": database}
    result = CliRunner().invoke(main, ["expire", "--mongodb-uri", mongo_uri], env=where)
    assert result.exit_code == 0, result.output
    assert "0 plans ended" in result.output
