"""What a package would store, and all that speaks against it, before anything is stored."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_server.bulk.load import reasons
from fhir_server.bulk.package_files import PackageContent, PackageFile
from fhir_server.fhir import json
from fhir_server.fhir.ids import is_id
from fhir_server.fhir.outcome import FhirError, has_errors
from fhir_server.interactions.context import Server
from fhir_server.profiles.taking_effect import TYPES, Drafts, Judgement, slim
from fhir_server.search.custom import deciding, problem_of, takes_effect

SEARCH_PARAMETER = "SearchParameter"
# What else defines something and is worth having; examples and guides are left out.
STORED_TYPES = (
    *TYPES, SEARCH_PARAMETER, "NamingSystem", "OperationDefinition", "CapabilityStatement",
    "CompartmentDefinition", "GraphDefinition", "MessageDefinition", "StructureMap",
    "TerminologyCapabilities",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """A resource of a package.

    Args:
        file: that holds it.
        resource_type: its type.
        id: its id in the package, or one made from its url.
        url: canonical; empty for none.
        version: the business version; empty for none.
    """

    file: PackageFile
    resource_type: str
    id: str
    url: str
    version: str

    @property
    def reference(self) -> str:
        """``Type/id``, as the package has it."""
        return f"{self.resource_type}/{self.id}"

    def resource(self) -> dict[str, Any]:
        """Read the resource."""
        found: dict[str, Any] = json.parse(self.file.text())
        return found


@dataclass(slots=True)
class Findings:
    """What a package holds.

    Args:
        items: what would be stored.
        judgements: what would become of each conformance resource, by its reference in the
            package.
        problems: by file, why it can't be stored or can't take effect.
        owned: files whose url belongs to R4 or this server: stored, without effect.
        left_out: how many resources of which types are not stored.
    """

    items: list[Item] = field(default_factory=list)
    judgements: dict[str, Judgement] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    owned: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def refuse(self, file: PackageFile, texts: Sequence[str]) -> None:
        """Note what speaks against a file."""
        self.problems.setdefault(file.name, []).extend(texts)


def check(server: Server, package: PackageContent, done: Callable[[float, int], None]) -> Findings:
    """Look at everything in a package.

    Args:
        server: by whose definitions.
        package: as read.
        done: told of each file, and how large it was.
    """
    findings = Findings()
    drafts: dict[str, dict[str, Any]] = {}
    for file in package.files:
        text = file.text()
        found = _item(file, text, findings)
        if found is not None:
            item, resource = found
            problems = _problems(server, resource)
            if item.reference in {each.reference for each in findings.items}:
                problems = [f"{item.reference} is in the package twice."]
            if problems:
                findings.refuse(file, problems)
            else:
                findings.items.append(item)
                if item.resource_type in TYPES:
                    drafts[item.reference] = slim(resource)
        done(len(text), 0)
    _judge(server, drafts, findings)
    return findings


def missing(package: PackageContent, loaded: Iterable[str], own: str) -> list[str]:
    """Name the dependencies that are not there.

    Args:
        package: as read.
        loaded: names of packages that are active.
        own: the package that this server itself is.
    """
    there = {*loaded, own, "hl7.fhir.core", "hl7.fhir.r4.core"}
    return [f"{n}#{v}" for n, v in sorted(package.dependencies.items()) if n not in there]


def _item(file: PackageFile, text: bytes, findings: Findings) -> tuple[Item, dict[str, Any]] | None:
    try:
        json.parse(text)
        resource = json.plain(text)
    except FhirError as error:
        findings.refuse(file, [str(error)])
        return None
    type_ = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(type_, str) or not isinstance(resource, dict):
        return None  # registries and tools put files of their own among the resources
    if type_ not in STORED_TYPES:
        findings.left_out[type_] += 1
        return None
    url, version = resource.get("url"), resource.get("version")
    url = url if isinstance(url, str) else ""
    id_ = _id(resource.get("id"), url)
    return Item(file, type_, id_, url, version if isinstance(version, str) else ""), resource


def _id(given: Any, url: str) -> str:
    if isinstance(given, str) and is_id(given):
        return given
    last = url.rpartition("/")[2]
    return last if is_id(last) else hashlib.sha256(url.encode()).hexdigest()[:32]


def _problems(server: Server, resource: dict[str, Any]) -> list[str]:
    issues = server.validator.validate(resource)
    if has_errors(issues):
        return reasons(issues)
    if resource["resourceType"] == SEARCH_PARAMETER and takes_effect(resource):
        found = problem_of(server.definitions, deciding(resource))
        return [f"{SEARCH_PARAMETER}.{found[0]}: {found[1]}"] if found else []
    return []


def _judge(server: Server, drafts: Mapping[str, dict[str, Any]], findings: Findings) -> None:
    live = server.conformance
    shown = Drafts(live.current().definitions, drafts.values(), live.problems)
    for item in findings.items:
        draft = drafts.get(item.reference)
        if draft is None:
            continue
        judgement = findings.judgements[item.reference] = shown.judge(draft)
        if judgement.owned:
            findings.owned.append(item.file.name)
        elif judgement.reason:
            findings.refuse(item.file, [f"{judgement.reason}."])


def in_portions(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Divide a list."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
