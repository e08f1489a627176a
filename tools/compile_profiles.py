"""Compile the profiles: FSH sources in profiles/fsh to FHIR JSON in profiles/se.

    python tools/compile_profiles.py            compile and replace profiles/se
    python tools/compile_profiles.py --check    compile and report what differs, change nothing

Needs Node.js and `fsh-sushi`, and the packages hl7.fhir.r4.core#4.0.1 and hl7se.fhir.base#1.1.0 in
~/.fhir/packages; nothing is fetched from a network when they are there. The result depends on the
sources alone: the same sources give the same bytes. `package.json` keeps a hash of the sources and
one of the result, so that a test without Node.js sees when they fell apart.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "profiles" / "fsh"
TARGET = ROOT / "profiles" / "se"
PACKAGE_NAME = "example.vardsamordning.fhir"
# What shows the canonical to readers: it follows when the sources get another one.
NAMES_CANONICAL = ("README.md", "docs/**/*.md", "demo/*.json", "profiles/examples/**/*.*")
PACKAGES = Path.home() / ".fhir" / "packages"
LICENSE = "Apache-2.0"
R4_CORE = "hl7.fhir.r4.core"

# SUSHI looks for newer tooling packages on each run and says so when it can't; none is used.
HARMLESS = re.compile(r"Failed to load automatically-provided|^npm warn", re.IGNORECASE)
# Informative weight that neither the validator nor a reader of the definitions needs.
PRUNED_FROM_RESOURCE = ("text", "mapping")
PRUNED_FROM_ELEMENT = ("mapping", "requirements", "alias")
PRUNED_FROM_SNAPSHOT = (*PRUNED_FROM_ELEMENT, "comment")
PRUNED_FROM_CONSTRAINT = ("xpath",)


def source_files(sources: Path) -> list[Path]:
    """Give what the result depends on: SUSHI's configuration and the FSH files, in order."""
    return [sources / "sushi-config.yaml", *sorted((sources / "input" / "fsh").rglob("*.fsh"))]


def content_hash(files: list[Path], root: Path) -> str:
    """Hash names and contents, so that a renamed, added or changed file gives another hash."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def compiled_files(target: Path) -> list[Path]:
    """Give the compiled conformance resources, in order."""
    return [path for path in sorted(target.glob("*.json")) if path.name != "package.json"]


def find_sushi(wanted: str | None) -> str:
    """Find the SUSHI command: as told, beside the project, or on PATH.

    Raises:
        SystemExit: with what to install, where it or Node.js is missing.
    """
    if shutil.which("node") is None:
        raise SystemExit(
            "Node.js is missing: install it (18 or later) to compile the profiles.\n"
            "Nothing else in this project needs it; profiles/se holds the compiled result."
        )
    local = ROOT / "node_modules" / ".bin" / "sushi"
    for candidate in (wanted, os.environ.get("SUSHI"), str(local), "sushi"):
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    raise SystemExit(
        "SUSHI is missing: run `npm install --no-save fsh-sushi` in the project's folder, or name\n"
        "the command with --sushi or in the environment variable SUSHI."
    )


def read_configuration(sources: Path) -> dict[str, Any]:
    """Read SUSHI's configuration."""
    configuration: dict[str, Any] = yaml.safe_load((sources / "sushi-config.yaml").read_text())
    return configuration


def packages(configuration: dict[str, Any]) -> dict[str, str]:
    """Give the versions of the packages that the profiles build on."""
    return {R4_CORE: configuration["fhirVersion"], **configuration["dependencies"]}


def check_packages(configuration: dict[str, Any]) -> None:
    """See that the packages are at hand.

    Raises:
        SystemExit: naming those that are missing.
    """
    wanted = packages(configuration).items()
    missing = [f"{n}#{v}" for n, v in wanted if not (PACKAGES / f"{n}#{v}").is_dir()]
    if missing:
        raise SystemExit(f"Unpack these FHIR packages into {PACKAGES} first: {', '.join(missing)}")


def packages_hash(configuration: dict[str, Any]) -> str:
    """Hash the snapshots that the profiles are derived from.

    A copy of R4's package is in circulation that a vendor altered, with the same name and version;
    what is compiled from it is not R4.
    """
    digest = hashlib.sha256()
    for name, version in sorted(packages(configuration).items()):
        folder = PACKAGES / f"{name}#{version}" / "package"
        for path in sorted(folder.glob("StructureDefinition-*.json")):
            elements = json.loads(path.read_bytes()).get("snapshot", {}).get("element", [])
            digest.update(f"{path.name}\0{json.dumps(elements, sort_keys=True)}".encode())
    return digest.hexdigest()


def copy_sources(sources: Path, workplace: Path, configuration: dict[str, Any]) -> None:
    """Copy the sources, with the canonical and the version put where they say ``{{…}}``."""
    for path in source_files(sources):
        text = path.read_text(encoding="utf-8")
        for name in ("canonical", "version"):
            text = text.replace("{{" + name + "}}", configuration[name])
        copy = workplace / path.relative_to(sources)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")


def run_sushi(sushi: str, workplace: Path) -> None:
    """Run SUSHI with snapshots; print its errors and its warnings but the harmless.

    Raises:
        SystemExit: where it reports an error.
    """
    command = [sushi, "build", ".", "--snapshot"]
    done = subprocess.run(  # a fixed argument list, no shell
        command, cwd=workplace, capture_output=True, text=True, timeout=600, check=False
    )
    output = done.stdout + done.stderr
    for line in output.splitlines():
        if re.match(r"(error|warn)\b", line) and not HARMLESS.search(line.removeprefix("warn  ")):
            print(line)
    if done.returncode != 0 or not re.search(r"\b0 Errors\b", output):
        print(output, file=sys.stderr)
        raise SystemExit("SUSHI found errors; nothing was written.")


def pruned(resource: dict[str, Any]) -> dict[str, Any]:
    """Give a resource without the informative parts that only weigh."""
    kept = {key: value for key, value in resource.items() if key not in PRUNED_FROM_RESOURCE}
    views = {"snapshot": PRUNED_FROM_SNAPSHOT, "differential": PRUNED_FROM_ELEMENT}
    for view, dropped in views.items():
        if view in kept:
            kept[view] = {"element": [_pruned_element(e, dropped) for e in kept[view]["element"]]}
    return kept


def _pruned_element(element: dict[str, Any], dropped: tuple[str, ...]) -> dict[str, Any]:
    kept = _without(element, dropped)
    if "constraint" in kept:
        kept["constraint"] = [_without(c, PRUNED_FROM_CONSTRAINT) for c in kept["constraint"]]
    return kept


def _without(item: dict[str, Any], dropped: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in dropped}


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that equal content gives equal bytes, and a diff reads well."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def package(configuration: dict[str, Any], sources: Path, target: Path) -> dict[str, Any]:
    """Make the package's own description, with the hashes of what it came from and holds."""
    return {
        "name": PACKAGE_NAME,
        "version": configuration["version"],
        "description": "Swedish care coordination on FHIR R4: fast vårdkontakt and SIP",
        "type": "Conformance",
        "license": LICENSE,
        "canonical": configuration["canonical"],
        "fhirVersions": [configuration["fhirVersion"]],
        "dependencies": packages(configuration),
        "hashes": {
            "sources": content_hash(source_files(sources), sources),
            "packages": packages_hash(configuration),
            "compiled": content_hash(compiled_files(target), target),
        },
    }


def compile_into(target: Path, sushi: str, sources: Path = SOURCES) -> None:
    """Compile the sources into an empty folder."""
    configuration = read_configuration(sources)
    check_packages(configuration)
    with tempfile.TemporaryDirectory(prefix="profiles-") as name:
        workplace = Path(name)
        copy_sources(sources, workplace, configuration)
        run_sushi(sushi, workplace)
        for path in sorted((workplace / "fsh-generated" / "resources").glob("*.json")):
            write_json(target / path.name, pruned(json.loads(path.read_text(encoding="utf-8"))))
    write_json(target / "package.json", package(configuration, sources, target))


def differences(one: Path, other: Path) -> list[str]:
    """Name the JSON files that two folders don't share byte for byte."""
    names = {path.name for folder in (one, other) for path in folder.glob("*.json")}
    return sorted(n for n in names if _content(one / n) != _content(other / n))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def move_canonical(old: str, new: str, root: Path = ROOT) -> list[Path]:
    """Write a new canonical where people and examples name the old one.

    The server reads it from package.json; demo data, examples and pages of the docs show it.

    Args:
        old: the canonical of the last run.
        new: that of the sources now.
        root: the project's folder.

    Returns:
        The files that were changed.
    """
    changed = []
    for path in sorted(p for pattern in NAMES_CANONICAL for p in root.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        if old != new and old in text:
            path.write_text(text.replace(old, new), encoding="utf-8")
            changed.append(path)
    return changed


def canonical_of(target: Path, default: str) -> str:
    """Give the canonical that a compiled package states."""
    path = target / "package.json"
    found = json.loads(path.read_bytes())["canonical"] if path.is_file() else default
    return str(found)


def replace(target: Path, compiled: Path) -> None:
    """Put the compiled files in place of those of the last run."""
    target.mkdir(parents=True, exist_ok=True)
    for path in target.glob("*.json"):
        path.unlink()
    for path in sorted(compiled.glob("*.json")):
        shutil.copyfile(path, target / path.name)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when all is well, 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(description="Compile profiles/fsh to profiles/se.")
    parser.add_argument("--sushi", help="the SUSHI command (default: $SUSHI, or on PATH)")
    parser.add_argument("--check", action="store_true", help="change nothing, report differences")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="compiled-") as name:
        compiled = Path(name)
        compile_into(compiled, find_sushi(chosen.sushi))
        changed = differences(compiled, TARGET)
        if not chosen.check:
            canonical = canonical_of(compiled, "")
            move_canonical(canonical_of(TARGET, canonical), canonical)
            replace(TARGET, compiled)
        size = sum(path.stat().st_size for path in compiled.glob("*.json"))
        count = len(compiled_files(compiled))
    print(f"{count} definitions, {size / 1e6:.2f} MB, {len(changed)} files changed")
    for path_name in changed:
        print(f"  {path_name}")
    return 1 if chosen.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
