"""Write into docs/profiles what the compiled profiles say, so that pages and profiles agree.

    python tools/profile_pages.py            write the tables between the marks
    python tools/profile_pages.py --check    name the pages that would change, change nothing

A page is written by hand but for what stands between two marks: elements, rules and examples of a
profile; on the index all profiles, extensions, code systems, search parameters and operations.
Why an element is there is its `short` in the FSH source.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
START = "<!-- Made from the profile by `make profiles`: change the profile, not this. -->"
END = "<!-- End of what is made from the profile. -->"
R4_TYPE = "http://hl7.org/fhir/StructureDefinition/"
BASE_OF = re.compile(r"http://hl7\.(?:org|se)/fhir/(?:ig/base/)?StructureDefinition/")

Resource = dict[str, Any]


class Package:
    """The compiled definitions and their examples.

    Args:
        root: the project's folder.
    """

    def __init__(self, root: Path = ROOT) -> None:
        compiled = root / "profiles" / "se"
        self.examples = root / "profiles" / "examples"
        self.canonical: str = json.loads((compiled / "package.json").read_text())["canonical"]
        paths = sorted(compiled.glob("*-*.json"))
        self.definitions: list[Resource] = [json.loads(path.read_text()) for path in paths]

    def of_type(self, resource_type: str) -> list[Resource]:
        """Give the definitions of a type, in the order of their ids."""
        return [d for d in self.definitions if d["resourceType"] == resource_type]

    @property
    def profiles(self) -> list[Resource]:
        """The profiles of resources, by type and id."""
        found = [d for d in self.of_type("StructureDefinition") if d["type"] != "Extension"]
        return sorted(found, key=lambda d: (d["type"], d["id"]))

    @property
    def extensions(self) -> list[Resource]:
        """The extensions by id."""
        return [d for d in self.of_type("StructureDefinition") if d["type"] == "Extension"]

    @cached_property
    def broken(self) -> dict[str, list[Resource]]:
        """What breaks one rule, by profile."""
        path = self.examples / "broken.yaml"
        found: dict[str, list[Resource]] = yaml.safe_load(path.read_text()) if path.exists() else {}
        return found or {}

    def short(self, url: str) -> str:
        """Give a canonical as the docs write it: C for the project's own."""
        return url.replace(self.canonical, "C")

    def named(self, url: str) -> str:
        """Give the name that tells a definition: its id."""
        return url.partition("|")[0].rpartition("/")[2]


def profile_part(package: Package, profile: Resource) -> str:
    """Write the part of a profile's page that follows from the profile."""
    parts = ["## Elements", "", *element_rows(package, profile)]
    rules = list(rule_rows(profile))
    if rules:
        parts += ["", "## Rules", "", "| Key | On | Severity | Rule |", "|---|---|---|---|", *rules]
    parts += ["", "## Examples", "", *example_rows(package, profile)]
    return "\n".join(parts)


def element_rows(package: Package, profile: Resource) -> Iterator[str]:
    """Write one line for each element that the profile says something about."""
    yield "| Element | Card. | Value | Why |"
    yield "|---|---|---|---|"
    snapshot = {e["id"]: e for e in profile["snapshot"]["element"]}
    for stated in profile["differential"]["element"][1:]:
        name = stated["id"].partition(".")[2]
        if name.endswith("extension"):
            continue
        whole = snapshot[stated["id"]]
        value = "; ".join(_values(package, stated))
        yield f"| `{name}` | {whole['min']}..{whole['max']} | {value} | {_cell(whole['short'])} |"


def _values(package: Package, stated: Resource) -> Iterator[str]:
    binding = stated.get("binding")
    if binding:
        yield f"`{package.named(binding['valueSet'])}` ({binding['strength']})"
    for key, value in stated.items():
        if key.startswith(("pattern", "fixed")):
            yield f"`{_plain(value)}`"
    for kind in stated.get("type", []):
        targets = [package.named(target) for target in kind.get("targetProfile", [])]
        if targets:
            yield f"Reference({', '.join(targets)})"
        elif kind["code"] != "Extension":
            yield str(kind["code"])


def _plain(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return str(value["coding"][0]["code"] if "coding" in value else value["code"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def rule_rows(profile: Resource) -> Iterator[str]:
    """Write one line for each invariant that the profile adds."""
    for element in profile["differential"]["element"]:
        for rule in element.get("constraint", []):
            human = _cell(rule["human"])
            yield f"| {rule['key']} | `{element['path']}` | {rule['severity']} | {human} |"


def example_rows(package: Package, profile: Resource) -> Iterator[str]:
    """Link the valid examples, and say what breaks which rule."""
    for path in sorted((package.examples / "valid").glob(f"{profile['id']}-*.json")):
        yield f"- [{path.name}](../../profiles/examples/valid/{path.name})"
    rows = package.broken.get(profile["id"], [])
    if rows:
        yield ""
        yield "What breaks one rule, and where the answer points"
        yield "([how](../../profiles/examples/README.md)):"
        yield ""
        yield "| What is wrong | Rule | At |"
        yield "|---|---|---|"
        for row in rows:
            yield f"| {_cell(row['what'])} | {row['rule']} | `{row['at']}` |"


def index_part(package: Package) -> str:
    """Write the part of the index that follows from the definitions."""
    sections: list[tuple[str, str, Iterable[str]]] = [
        ("", "| Profile | Resource | Parent |", profile_rows(package)),
        ("Extensions", "| Extension | On | Holds | What for |", extension_rows(package)),
        ("Code systems", "| Code system | URL | Codes |", code_system_rows(package)),
        ("Search parameters beyond R4", "| Type | Code | Finds |", search_rows(package)),
        ("Operations", "| Operation | At | What |", operation_rows(package)),
    ]
    lines: list[str] = []
    for title, head, rows in sections:
        rule = "|" + "---|" * (head.count("|") - 1)
        lines += [f"## {title}", ""] if title else []
        lines += [head, rule, *rows, ""]
    return "\n".join(lines).rstrip("\n")


def profile_rows(package: Package) -> Iterator[str]:
    """List the profiles with their pages."""
    for profile in package.profiles:
        parent = BASE_OF.sub("", profile["baseDefinition"]).replace(f"{package.canonical}/", "")
        parent = parent.removeprefix("StructureDefinition/")
        yield f"| [{profile['title']}]({profile['id']}.md) | {profile['type']} | {parent} |"


def extension_rows(package: Package) -> Iterator[str]:
    """List the extensions: where they stand, what they hold, what for."""
    for extension in package.extensions:
        name = f"`{extension['id']}`"
        if not extension["url"].startswith(package.canonical):
            name += f"<br>`{extension['url']}`"
        places = ", ".join(context["expression"] for context in extension["context"])
        yield f"| {name} | {places} | {_held(package, extension)} | {extension['description']} |"


def _held(package: Package, extension: Resource) -> str:
    elements = {e["id"]: e for e in extension["snapshot"]["element"]}
    parts = [
        f"`{e['sliceName']}` {e['min']}..{e['max']} "
        + _type(package, elements[f"{e['id']}.value[x]"])
        for e in elements.values()
        if "sliceName" in e and e["path"] == "Extension.extension"
    ]
    return "; ".join(parts) if parts else _type(package, elements["Extension.value[x]"])


def _type(package: Package, element: Resource) -> str:
    return " or ".join(_one_type(package, kind) for kind in element["type"])


def _one_type(package: Package, kind: Resource) -> str:
    targets = [package.named(target) for target in kind.get("targetProfile", [])]
    return f"Reference({', '.join(targets)})" if targets else str(kind["code"])


def code_system_rows(package: Package) -> Iterator[str]:
    """List the code systems with their codes."""
    for system in package.of_type("CodeSystem"):
        title = system["title"] + (" (fragment)" if system["content"] == "fragment" else "")
        codes = " · ".join(concept["code"] for concept in system["concept"])
        yield f"| {title} | `{package.short(system['url'])}` | {codes} |"


def search_rows(package: Package) -> Iterator[str]:
    """List the search parameters."""
    for parameter in package.of_type("SearchParameter"):
        code = f"`{parameter['code']}` ({parameter['type']})"
        yield f"| {parameter['base'][0]} | {code} | {parameter['description']} |"


def operation_rows(package: Package) -> Iterator[str]:
    """List the operations: where they are called, and what they do in one sentence."""
    for operation in package.of_type("OperationDefinition"):
        first = re.split(r"(?<=\.) (?=[A-ZÅÄÖ])", operation["description"])[0]
        places = ", ".join(f"`{place}`" for place in _places(operation))
        yield f"| {operation['title']} | {places} | {first} |"


def _places(operation: Resource) -> Iterator[str]:
    code = f"${operation['code']}"
    for resource_type in operation.get("resource", []):
        if operation["instance"]:
            yield f"{resource_type}/[id]/{code}"
        if operation["type"]:
            yield f"{resource_type}/{code}"
    if operation["system"]:
        yield code


def with_part(page: str, part: str) -> str:
    """Put a part between the marks of a page; at its end where it has none."""
    marked = f"{START}\n\n{part}\n\n{END}"
    if START not in page:
        return f"{page.rstrip()}\n\n{marked}\n"
    before, _, rest = page.partition(START)
    return before + marked + rest.partition(END)[2]


def pages(package: Package, folder: Path) -> Iterator[tuple[Path, str]]:
    """Give each page's path and its text as it has to be."""
    for profile in package.profiles:
        path = folder / f"{profile['id']}.md"
        page = path.read_text(encoding="utf-8") if path.exists() else _new_page(package, profile)
        yield path, with_part(page, profile_part(package, profile))
    index = folder / "README.md"
    yield index, with_part(index.read_text(encoding="utf-8"), index_part(package))


def _new_page(package: Package, profile: Resource) -> str:
    name = profile["title"]
    title = name if name == profile["type"] else f"{name} ({profile['type']})"
    parent = profile["baseDefinition"].replace(package.canonical + "/", "")
    return (
        f"# {title}\n\n`StructureDefinition/{profile['id']}` under the project's "
        f"[canonical](README.md) · derived from `{parent}`\n\n{profile['description']}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when --check finds a page that would change."""
    parser = argparse.ArgumentParser(description="Write the tables of docs/profiles.")
    parser.add_argument("--check", action="store_true", help="change nothing, name the pages")
    chosen = parser.parse_args(arguments)
    changed = 0
    for path, text in pages(Package(), ROOT / "docs" / "profiles"):
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        changed += 1
        print(f"  {path.name}")
        if not chosen.check:
            path.write_text(text, encoding="utf-8")
    print(f"{changed} pages changed")
    return 1 if chosen.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
