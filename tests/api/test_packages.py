"""Packages take effect whole or not at all, and are removed again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fhir_server.app import create_app, create_context, create_server
from fhir_server.bulk.conformance import is_due, let_take_effect
from fhir_server.bulk.package_files import PackageContent, read_package
from fhir_server.bulk.packages import PackageRefused, Packages
from fhir_server.commands.progress import meter
from fhir_server.interactions.context import Context
from fhir_server.profiles.code_checks import Coded
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_conformance import ConformanceStore
from fhir_server.storage.mongo_packages import Package
from tests.api.test_stored_code_systems import code_system, value_set
from tests.api.test_stored_conformance import element, patient, profile
from tests.conftest import Fhir

SEARCHED = {
    "resourceType": "SearchParameter",
    "id": "shoe",
    "url": "https://vendor.example/fhir/SearchParameter/shoe",
    "name": "shoe",
    "status": "active",
    "description": "Shoe",
    "code": "shoe",
    "base": ["Patient"],
    "type": "string",
    "expression": "Patient.contact.name.text",
}

Make = Callable[..., PackageContent]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Give a function that writes a package as a folder and reads it."""
    count = iter(range(100))

    def package(name: str, *resources: dict[str, Any], version: str = "1.0.0") -> PackageContent:
        folder = tmp_path / str(next(count)) / "package"
        folder.mkdir(parents=True)
        manifest = {"name": name, "version": version, "fhirVersions": ["4.0.1"]}
        (folder / "package.json").write_text(json.dumps(manifest))
        for resource in resources:
            id_ = resource.get("id", resource["url"].rpartition("/")[2])
            file = folder / f"{resource['resourceType']}-{id_}.json"
            file.write_text(json.dumps({**resource, "id": id_}))
        return read_package(folder.parent)

    return package


@pytest.fixture
def context(settings: Settings, store: MongoStore) -> Context:
    """What a command works with: a process of its own, as far as the server can tell."""
    return create_context(create_server(settings), store)


@pytest.fixture
def packages(context: Context) -> Packages:
    return Packages(context, meter(0, quiet=True))


def named(packages: Packages, name: str) -> Package:
    return next(each for each in packages.all() if each.name == name)


def test_a_package_takes_effect_and_is_removed(
    fhir: Fhir, packages: Packages, make: Make, app_server: Any
) -> None:
    base = profile("pk-base", element("Patient.birthDate", min=1))
    derived = profile("pk-derived", element("Patient.gender", min=1), baseDefinition=base["url"])
    system = code_system("pk-codes", 300)
    members = value_set("pk-members", system["url"])

    added = packages.add(make("vendor.whole", derived, base, system, members))

    assert (added.in_effect, added.problems, added.unchanged) == (4, {}, False)
    assert fhir.post("Patient", patient("pk-derived", gender="male")).status_code == 422
    whole = patient("pk-derived", gender="male", birthDate="1999")
    assert fhir.post("Patient", whole).status_code == 201
    coded = Coded("c299", system["url"])
    assert app_server.terminology.in_value_set(members["url"], coded).holds
    kept = fhir.get("StructureDefinition/pk-base").json
    assert kept["meta"]["source"] == "package:vendor.whole#1.0.0"

    assert packages.remove(named(packages, "vendor.whole")) == {}

    assert [each.name for each in packages.all() if each.name == "vendor.whole"] == []
    assert fhir.post("Patient", patient("pk-derived")).status_code == 201
    assert app_server.terminology.in_value_set(members["url"], coded).holds is None
    for reference in ("StructureDefinition/pk-base", "CodeSystem/pk-codes"):
        assert fhir.get(reference).status_code == 410


def test_a_package_with_a_broken_profile_is_refused_whole(
    fhir: Fhir, packages: Packages, make: Make
) -> None:
    good = profile("pk-good", element("Patient.birthDate", min=1))
    bad = profile("pk-bad", element("Patient.shoeSize", min=1))
    on_bad = profile("pk-on-bad", baseDefinition=bad["url"])
    rule = {"key": "x", "severity": "error", "human": "h", "expression": "name.where("}
    unreadable = profile("pk-rule", element("Patient.name", constraint=[rule]))
    nothing = {"resourceType": "ValueSet", "url": "https://vendor.example/no", "status": "bogus"}
    content = make("vendor.broken", good, bad, on_bad, unreadable, nothing)

    with pytest.raises(PackageRefused) as refused:
        packages.add(content)

    problems = {name: " ".join(texts) for name, texts in refused.value.problems.items()}
    assert sorted(problems) == [
        "StructureDefinition-pk-bad.json",
        "StructureDefinition-pk-on-bad.json",
        "StructureDefinition-pk-rule.json",
        "ValueSet-no.json",
    ]
    assert "shoeSize" in problems["StructureDefinition-pk-bad.json"]
    assert bad["url"] in problems["StructureDefinition-pk-on-bad.json"]
    assert "ValueSet.status" in problems["ValueSet-no.json"]
    assert fhir.get("StructureDefinition/pk-good").status_code == 404
    assert not [each for each in packages.all() if each.name == "vendor.broken"]

    added = packages.add(content, partial=True)

    assert (added.in_effect, len(added.problems)) == (1, 4)
    assert fhir.post("Patient", patient("pk-good")).status_code == 422
    assert fhir.post("Patient", patient("pk-bad")).status_code == 201


def test_the_same_again_changes_nothing_and_another_version_stands_beside_it(
    fhir: Fhir, packages: Packages, make: Make
) -> None:
    first = profile("pk-both", element("Patient.birthDate", min=1), version="1.0.0")
    second = profile("pk-both", element("Patient.gender", min=1), version="1.1.0")
    packages.add(make("vendor.versions", first))

    assert packages.add(make("vendor.versions", first)).unchanged
    assert fhir.get("StructureDefinition/pk-both").json["meta"]["versionId"] == "1"

    packages.add(make("vendor.versions", second, version="1.1.0"))

    def status(version: str, **content: Any) -> int:
        code: int = fhir.post("Patient", patient("pk-both", version, **content)).status_code
        return code

    assert (status("", gender="male"), status("", birthDate="1999")) == (201, 422)
    assert (status("1.0.0", birthDate="1999"), status("1.0.0", gender="male")) == (201, 422)
    newer = next(each for each in packages.all() if each.key == "vendor.versions#1.1.0")
    assert newer.resources[0].startswith("StructureDefinition/pk-both-")
    packages.remove(newer)
    assert (status("", birthDate="1999"), status("1.1.0")) == (201, 201)


def test_a_changed_package_of_the_same_version_takes_the_place_of_the_former(
    fhir: Fhir, packages: Packages, make: Make
) -> None:
    kept = profile("pk-kept", element("Patient.birthDate", min=1))
    former = profile("pk-former", element("Patient.birthDate", min=1))
    packages.add(make("vendor.changed", kept, former))

    changed = profile("pk-kept", element("Patient.gender", min=1))
    packages.add(make("vendor.changed", changed))

    assert fhir.post("Patient", patient("pk-kept", gender="male")).status_code == 201
    assert fhir.post("Patient", patient("pk-kept", birthDate="1999")).status_code == 422
    assert fhir.post("Patient", patient("pk-former")).status_code == 201
    assert fhir.get("StructureDefinition/pk-former").status_code == 410
    assert named(packages, "vendor.changed").resources == ("StructureDefinition/pk-kept",)


def test_an_id_that_another_resource_has_is_left_to_it(
    fhir: Fhir, packages: Packages, make: Make
) -> None:
    mine = profile("pk-other", element("Patient.gender", min=1), id="pk-taken")
    assert fhir.put("StructureDefinition/pk-taken", mine).status_code == 201

    packages.add(make("vendor.taken", profile("pk-new", id="pk-taken")))

    assert fhir.get("StructureDefinition/pk-taken").json["url"] == mine["url"]
    (reference,) = named(packages, "vendor.taken").resources
    assert reference.startswith("StructureDefinition/pk-taken-")


class _Died(BaseException):
    """Stands for the end of the process."""


def test_what_a_load_left_behind_is_not_in_effect_and_the_next_one_goes_on(
    fhir: Fhir, packages: Packages, make: Make, monkeypatch: pytest.MonkeyPatch, context: Context
) -> None:
    before = profile("pk-died", element("Patient.gender", min=1))
    packages.add(make("vendor.died", before))
    content = make(
        "vendor.died",
        profile("pk-died", element("Patient.birthDate", min=1)),
        profile("pk-died-2", element("Patient.birthDate", min=1)),
        code_system("pk-died", 300),
    )

    def die(*_: Any) -> Any:
        raise _Died

    with monkeypatch.context() as patched, pytest.raises(_Died):
        patched.setattr(Packages, "_activate", die)
        packages.add(content)

    assert named(packages, "vendor.died").state == "loading"
    assert fhir.get("StructureDefinition/pk-died-2").status_code == 200
    assert fhir.post("Patient", patient("pk-died", gender="male")).status_code == 201
    assert fhir.post("Patient", patient("pk-died-2")).status_code == 201

    # Not even a rebuild lets half of a package take effect.
    let_take_effect(context)
    assert fhir.post("Patient", patient("pk-died-2")).status_code == 201

    packages.add(content)
    assert fhir.post("Patient", patient("pk-died", gender="male")).status_code == 422
    assert fhir.post("Patient", patient("pk-died-2")).status_code == 422

    packages.remove(named(packages, "vendor.died"))
    assert fhir.post("Patient", patient("pk-died")).status_code == 201


def test_a_stored_profile_takes_effect_with_the_package_that_it_waits_for(
    fhir: Fhir, packages: Packages, make: Make
) -> None:
    base = profile("pk-awaited", element("Patient.birthDate", min=1))
    fhir.create(profile("pk-waiting", baseDefinition=base["url"]))
    assert fhir.post("Patient", patient("pk-waiting")).status_code == 201

    packages.add(make("vendor.awaited", base))

    assert fhir.post("Patient", patient("pk-waiting")).status_code == 422


def test_search_parameters_of_a_package_wait_for_a_reindex(
    fhir: Fhir, packages: Packages, make: Make
) -> None:
    added = packages.add(make("vendor.search", SEARCHED))

    assert added.search_parameters
    assert fhir.get("Patient?shoe=a").status_code == 400
    assert fhir.get("SearchParameter/shoe").status_code == 200
    assert packages.remove(named(packages, "vendor.search")) == {}


def test_what_others_refer_to_stays_without_effect_when_its_package_is_removed(
    fhir: Fhir, packages: Packages, make: Make
) -> None:
    packages.add(make("vendor.referred", profile("pk-ref", element("Patient.birthDate", min=1))))
    reference = {"reference": "StructureDefinition/pk-ref"}
    basic = {"resourceType": "Basic", "code": {"text": "x"}, "subject": reference}
    holder = fhir.create(basic)

    failed = packages.remove(named(packages, "vendor.referred"))

    assert list(failed) == ["StructureDefinition/pk-ref"]
    assert named(packages, "vendor.referred").state == "removing"
    assert fhir.post("Patient", patient("pk-ref")).status_code == 201
    assert fhir.delete(f"Basic/{holder['id']}").status_code == 204
    assert packages.remove(named(packages, "vendor.referred")) == {}
    assert not [each for each in packages.all() if each.name == "vendor.referred"]


def test_what_an_older_version_stored_takes_effect(
    fhir: Fhir, settings: Settings, mongo_uri: str, store: MongoStore, context: Context
) -> None:
    base = fhir.create(profile("old-base", element("Patient.birthDate", min=1)))
    fhir.create(profile("a-old", baseDefinition=base["url"]))
    fhir.create(code_system("old", 300))
    database = store.collections.resources.database
    for name in ("conformance", "conformance_state", "concepts"):
        database.drop_collection(name)
    store.prepare()
    assert is_due(ConformanceStore(store.collections))

    with fresh(settings, mongo_uri) as other:
        assert other.post("Patient", patient("a-old")).status_code == 201
        let_take_effect(context)
        assert other.post("Patient", patient("a-old")).status_code == 422

    assert not is_due(ConformanceStore(store.collections))
    assert database["concepts"].count_documents({}) >= 300


@contextmanager
def fresh(settings: Settings, mongo_uri: str) -> Iterator[Fhir]:
    app = create_app(settings, mongo_uri)
    yield Fhir(app.test_client())
    app.extensions["fhir"].store.close()
