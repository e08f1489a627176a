"""Reads FHIR packages: npm archives as registries serve them, and folders of JSON.

Archives come from anywhere, so nothing is unpacked to disk, and sizes are bounded while reading.

Source: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
"""

from __future__ import annotations

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError

MAX_FILES = 50_000
MAX_FILE_BYTES = 16_000_000
MAX_BYTES = 300_000_000
LEFT_OUT_FOLDERS = ("example", "examples", "other", "openapi", "xml", "tests")
LEFT_OUT_FILES = ("package.json", ".index.json", "validation-summary.json", "validation-oo.json")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}")


class PackageError(Exception):
    """The package can't be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a package.

    Args:
        name: as in the package, for messages.
        packed: its text, compressed.
        size: of its text, in bytes.
    """

    name: str
    packed: bytes
    size: int

    def text(self) -> bytes:
        """Give the file's text."""
        return zlib.decompress(self.packed)


@dataclass(frozen=True, slots=True)
class PackageContent:
    """A package as read.

    Args:
        name: e.g. ``hl7se.fhir.base``.
        version: e.g. ``1.1.0``.
        dependencies: versions by name, as the package states them.
        fhir_versions: that it is for; empty where it doesn't say.
        files: its JSON files but for what describes the package, and examples.
    """

    name: str
    version: str
    dependencies: Mapping[str, str] = field(default_factory=dict)
    fhir_versions: tuple[str, ...] = ()
    files: tuple[PackageFile, ...] = ()

    @property
    def key(self) -> str:
        """``name#version``."""
        return f"{self.name}#{self.version}"

    def digest(self) -> str:
        """Name the content: the same files have the same name."""
        found = hashlib.sha256()
        for file in sorted(self.files, key=lambda each: each.name):
            found.update(file.name.encode() + b"\0" + hashlib.sha256(file.text()).digest())
        return found.hexdigest()


def read_package(path: Path) -> PackageContent:
    """Read a package.

    Args:
        path: an npm archive (``.tgz``), or a folder: an unpacked package, what SUSHI writes, or
            any folder of resources.

    Raises:
        PackageError: it is no package, is damaged, or is larger than a package may be.
    """
    found = _of_folder(path) if path.is_dir() else _of_archive(path)
    manifest: Any = {}
    files: list[PackageFile] = []
    for name, text in found:
        if PurePosixPath(name).name == "package.json":
            manifest = _manifest(text)
        elif PurePosixPath(name).name not in LEFT_OUT_FILES:
            files.append(PackageFile(name, zlib.compress(text), len(text)))
    if not files:
        raise PackageError(f"There are no resources in {path.name}.")
    return _content(path, manifest, files)


def _content(path: Path, manifest: Any, files: list[PackageFile]) -> PackageContent:
    if not manifest and not path.is_dir():
        text = f"There is no package/package.json in {path.name}: it is no FHIR package."
        raise PackageError(text)
    name, version = (
        (str(manifest.get("name", "")), str(manifest.get("version", "")))
        if manifest
        else _described(path, files)
    )
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise PackageError("The package's name or version is not one that packages may have.")
    dependencies = manifest.get("dependencies")
    versions = manifest.get("fhirVersions") or manifest.get("fhir-version-list") or ()
    return PackageContent(
        name,
        version,
        dependencies if isinstance(dependencies, dict) else {},
        tuple(str(each) for each in versions if isinstance(versions, list)),
        tuple(files),
    )


def _described(path: Path, files: list[PackageFile]) -> tuple[str, str]:
    """Name a folder: as its ImplementationGuide says, else by the folder's own name."""
    for file in files:
        if PurePosixPath(file.name).name.startswith("ImplementationGuide-"):
            guide = _parsed(file.text())
            if isinstance(guide, dict) and isinstance(guide.get("packageId"), str):
                return guide["packageId"], str(guide.get("version", "0.0.0"))
    name = re.sub(r"[^A-Za-z0-9._-]", "-", path.resolve().name).strip("._-")
    return name or "folder", "0.0.0"


def _manifest(text: bytes) -> Any:
    manifest = _parsed(text)
    if not isinstance(manifest, dict):
        raise PackageError("package.json is not a JSON object.")
    return manifest


def _parsed(text: bytes) -> Any:
    try:
        return json.parse(text)
    except FhirError:
        return None


def _of_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the files of a folder, and of the ``package`` in it where there is one."""
    root = path / "package" if (path / "package" / "package.json").is_file() else path
    total = 0
    for number, file in enumerate(sorted(root.rglob("*.json"))):
        name = file.relative_to(root).as_posix()
        if not file.is_file() or not _is_wanted(name):
            continue
        size = file.stat().st_size
        total += size
        _require_bounds(name, size, number, total)
        yield name, file.read_bytes()


def _of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as raw:
            yield from _members(raw)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        text = f"{path.name} is no .tgz archive, or is damaged ({type(error).__name__})."
        raise PackageError(text) from None
    except OSError as error:
        text = f"{path.name} can't be read: {error.strerror or type(error).__name__}."
        raise PackageError(text) from None


def _members(raw: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    bounded = _Bounded(cast("IO[bytes]", gzip.GzipFile(fileobj=raw)))
    # As a stream: members are read once, in their order, and no index of them is made.
    with tarfile.open(fileobj=cast("IO[bytes]", bounded), mode="r|") as archive:
        total = 0
        for number, member in enumerate(archive):
            _require_bounds("", 0, number, 0)
            name = member.name.removeprefix("./")
            inside = name.removeprefix("package/")
            # Links and devices are no files; a name is only shown, never a path to write to.
            if not member.isreg() or not name.startswith("package/") or not _is_wanted(inside):
                continue
            total += member.size
            _require_bounds(inside, member.size, number, total)
            content = archive.extractfile(member)
            if content is not None:
                yield inside, content.read()


def _is_wanted(name: str) -> bool:
    *folders, file = PurePosixPath(name).parts or ("",)
    if any(part in LEFT_OUT_FOLDERS or part.startswith(".") for part in folders):
        return False
    return file.endswith(".json") and (not file.startswith(".") or file == ".index.json")


def _require_bounds(name: str, size: int, number: int, total: int) -> None:
    if number >= MAX_FILES:
        raise PackageError(f"The package has more than {MAX_FILES:,} files.")
    if size > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 1_000_000
        raise PackageError(f"The file {name[-100:]} is larger than {limit} MB.")
    if total > MAX_BYTES:
        raise PackageError(f"The package is larger than {MAX_BYTES // 1_000_000} MB, unpacked.")


class _Bounded:
    """A stream that ends with an error where more comes out of it than a package may have."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MAX_BYTES

    def read(self, size: int) -> bytes:
        """Read on; what a header claims to be long is read no further than there is."""
        found = self._stream.read(min(size, MAX_FILE_BYTES * 2))
        self._left -= len(found)
        if self._left < 0:
            limit = MAX_BYTES // 1_000_000
            raise PackageError(f"The package is larger than {limit} MB, unpacked.")
        return found
