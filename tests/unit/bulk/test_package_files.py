"""Packages are read within bounds, whatever an archive claims."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fhir_server.bulk import package_files
from fhir_server.bulk.package_files import PackageError, read_package

MANIFEST = {"name": "vendor.fhir", "version": "1.0.0", "fhirVersions": ["4.0.1"]}


def packed(path: Path, files: Mapping[str, Any], *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
        for member in members:
            archive.addfile(member)
    return path


def test_an_archive_gives_its_resources_and_not_its_examples(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "p.tgz",
        {
            "package/package.json": {**MANIFEST, "dependencies": {"hl7.fhir.r4.core": "4.0.1"}},
            "package/.index.json": {"index-version": 1},
            "package/ValueSet-a.json": {"resourceType": "ValueSet"},
            "package/terminology/CodeSystem-b.json": {"resourceType": "CodeSystem"},
            "package/example/Patient-c.json": {"resourceType": "Patient"},
            "package/other/spec.json": {},
            "package/xml/ValueSet-a.xml": b"<ValueSet/>",
            "elsewhere/ValueSet-d.json": {"resourceType": "ValueSet"},
        },
    )

    package = read_package(path)

    assert package.key == "vendor.fhir#1.0.0"
    assert package.dependencies == {"hl7.fhir.r4.core": "4.0.1"}
    assert [file.name for file in package.files] == [
        "ValueSet-a.json",
        "terminology/CodeSystem-b.json",
    ]


def test_a_folder_of_sushi_is_named_by_its_guide(tmp_path: Path) -> None:
    guide = {"resourceType": "ImplementationGuide", "packageId": "vendor.ig", "version": "0.3.0"}
    (tmp_path / "ImplementationGuide-vendor.json").write_text(json.dumps(guide))
    (tmp_path / "ValueSet-a.json").write_text('{"resourceType": "ValueSet"}')

    assert read_package(tmp_path).key == "vendor.ig#0.3.0"


def test_an_unpacked_package_is_read_like_its_archive(tmp_path: Path) -> None:
    files = {"package/package.json": MANIFEST, "package/ValueSet-a.json": {"a": 1}}
    for name, content in files.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_text(json.dumps(content))

    unpacked = read_package(tmp_path / "folder")
    archive = read_package(packed(tmp_path / "p.tgz", files))

    assert (unpacked.key, unpacked.digest()) == (archive.key, archive.digest())


@pytest.mark.parametrize(
    "name",
    [
        "package/../../outside/ValueSet-evil.json",
        "/package/ValueSet-evil.json",
        "../package/ValueSet-evil.json",
    ],
)
def test_nothing_is_ever_written_outside(tmp_path: Path, name: str) -> None:
    files = {
        "package/package.json": MANIFEST,
        "package/ValueSet-a.json": {"resourceType": "ValueSet"},
        name: {"resourceType": "ValueSet"},
    }
    (tmp_path / "in").mkdir()
    path = packed(tmp_path / "in" / "p.tgz", files)
    before = sorted(tmp_path.rglob("*"))

    read_package(path)

    assert sorted(tmp_path.rglob("*")) == before


def test_links_and_devices_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"resourceType": "ValueSet"}')
    members = []
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        member = tarfile.TarInfo(f"package/ValueSet-{kind.decode()}.json")
        member.type, member.linkname = kind, str(secret)
        members.append(member)
    files = {"package/package.json": MANIFEST, "package/CodeSystem-a.json": {"a": 1}}

    package = read_package(packed(tmp_path / "p.tgz", files, *members))

    assert [file.name for file in package.files] == ["CodeSystem-a.json"]


def test_a_decompression_bomb_ends_at_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_files, "MAX_BYTES", 5_000_000)
    files = {"package/package.json": MANIFEST, "package/notes.txt": b"\0" * 6_000_000}
    path = packed(tmp_path / "p.tgz", files)
    assert path.stat().st_size < 20_000

    with pytest.raises(PackageError, match="larger than 5 MB"):
        read_package(path)


def test_a_header_that_claims_more_than_there_is_ends_too(tmp_path: Path) -> None:
    member = tarfile.TarInfo("package/ValueSet-a.json")
    member.size = 15_000_000
    raw = member.tobuf() + b"{}"
    (tmp_path / "p.tgz").write_bytes(gzip.compress(raw))

    with pytest.raises(PackageError):
        read_package(tmp_path / "p.tgz")


def test_too_large_a_file_and_too_many_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = {"package/package.json": MANIFEST, "package/ValueSet-a.json": b" " * 17_000_000}
    with pytest.raises(PackageError, match=r"ValueSet-a\.json is larger than 16 MB"):
        read_package(packed(tmp_path / "large.tgz", large))

    monkeypatch.setattr(package_files, "MAX_FILES", 10)
    many = {f"package/ValueSet-{n}.json": {} for n in range(11)}
    with pytest.raises(PackageError, match="more than 10 files"):
        read_package(packed(tmp_path / "many.tgz", many))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        gzip.compress(b"no tar"),
        gzip.compress(b"\0" * 1024)[:-4],
        b"\x1f\x8b" + b"\xff" * 100,
    ],
    # Not by content: gzip writes the time into it, and each process would name other tests.
    ids=["empty", "text", "no tar", "cut off", "no gzip"],
)
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.tgz").write_bytes(content)

    with pytest.raises(PackageError):
        read_package(tmp_path / "p.tgz")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"name": "../x", "version": "1.0.0"}, "name or version"),
        ({"name": "a", "version": "1 0"}, "name or version"),
        ({"name": "a#b", "version": "1.0.0"}, "name or version"),
        ({"name": "a" * 200, "version": "1.0.0"}, "name or version"),
        ([], "not a JSON object"),
        (b"{", "not a JSON object"),
    ],
)
def test_a_package_without_a_proper_name_is_refused(
    tmp_path: Path, manifest: Any, said: str
) -> None:
    files = {"package/package.json": manifest, "package/ValueSet-a.json": {}}

    with pytest.raises(PackageError, match=said):
        read_package(packed(tmp_path / "p.tgz", files))


def test_an_archive_without_a_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"no package/package\.json"):
        read_package(packed(tmp_path / "p.tgz", {"package/ValueSet-a.json": {}}))
