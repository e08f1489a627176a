"""From a workload's file and the loaded data to what the load generator is told to send."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks import synthea
from benchmarks.oracle import Oracle, at, moment
from fhir_server.fhir.locations import canonical

Json = dict[str, Any]

FOLDER = Path(__file__).with_name("workloads")
# A search that finds more is compared by number and type alone: the list would be most of the plan.
_MOST_IDS = 5_000


@dataclass(frozen=True, slots=True)
class Workload:
    """What is measured together.

    Args:
        name: of the file.
        title: to show.
        about: what it is, for the report.
        flow: how the load generator goes about it.
        data: which data it needs: ``synthea``, ``region`` or ``pool``.
        ours: whether only this project's server has what it asks for.
        clients: how many side by side; one measurement for each number.
        unit: what is counted, such as requests or resources.
        limit: the bare limit it is compared with; empty for none.
        target: what the ratio to the limit is to be at least; None where nothing was promised.
        content: the rest of the file.
    """

    name: str
    title: str
    about: str
    flow: str
    data: str
    ours: bool
    clients: tuple[int, ...]
    unit: str
    limit: str
    target: float | None
    content: Json = field(repr=False)


def workloads() -> list[Workload]:
    """Give all workloads, in the order in which they are measured."""
    found = [_workload(path) for path in FOLDER.glob("*.json")]
    return sorted(found, key=lambda each: each.content.get("order", 50))


def _workload(path: Path) -> Workload:
    today = dt.date.today()
    text = path.read_text("utf-8").replace("{canonical}", canonical())
    text = text.replace("{today}", f"{today}").replace(
        "{yearago}", f"{today - dt.timedelta(days=365)}"
    )
    said = json.loads(text)
    return Workload(
        name=path.stem,
        title=said["title"],
        about=said["about"],
        flow=said["flow"],
        data=said.get("data", "synthea"),
        ours=said.get("ours", False),
        clients=tuple(said.get("clients", ())),
        unit=said.get("unit", "requests"),
        limit=said.get("limit", ""),
        target=said.get("target"),
        content=said,
    )


def write_plan(workload: Workload, oracle: Oracle, part: tuple[int, int], folder: Path) -> Path:
    """Write what the load generator needs to know.

    Args:
        workload: what is measured.
        oracle: over the data that were loaded.
        part: which share of what may be sent only once this target gets, of how many.
        folder: where to.
    """
    path = folder / f"{workload.name}-{part[0]}.json"
    path.write_text(json.dumps(_CONTENTS[workload.flow](workload, oracle, part, folder)))
    return path


def _lives(workload: Workload, _: Oracle, __: tuple[int, int], ___: Path) -> Json:
    resources = [
        {"type": each["resource"]["resourceType"], "text": json.dumps(each["resource"]), **each}
        for each in workload.content["resources"]
    ]
    return {"resources": resources}


def _creations(workload: Workload, oracle: Oracle, _: tuple[int, int], __: Path) -> Json:
    resource = workload.content["resource"]
    subjects = sampled(workload.content["subjects"], oracle)
    text = json.dumps(resource, ensure_ascii=False)
    return {"type": resource["resourceType"], "text": text, "subjects": subjects}


def _bundles(workload: Workload, _: Oracle, __: tuple[int, int], folder: Path) -> Json:
    largest = workload.content["largest"]
    bundles = []
    for person, text, entries in synthea.patients():
        if entries <= largest:
            path = folder / f"{person}.json"
            path.write_bytes(text)
            bundles.append({"path": str(path), "entries": entries, "person": person})
    return {"bundles": bundles}


def _requests(workload: Workload, oracle: Oracle, part: tuple[int, int], _: Path) -> Json:
    once = workload.content.get("once", False)
    made = list(requests(workload, oracle))
    # The same order everywhere, and no kind of request behind the other.
    random.Random(1).shuffle(made)
    if once:
        made = made[part[0] :: part[1]]
    return {"requests": made, "once": once}


_CONTENTS = {
    "crud": _lives,
    "create": _creations,
    "bundles": _bundles,
    "requests": _requests,
}


def requests(workload: Workload, oracle: Oracle) -> Iterator[Json]:
    """Give all requests of a workload, each with what is right as an answer."""
    for template in workload.content["requests"]:
        for value in sampled(template.get("values"), oracle):
            path = _put_in(template["path"], value, quoted=True)
            request: Json = {
                "name": template["name"],
                "method": template.get("method", "GET"),
                "path": path,
                "expect": _expected(template, value, oracle),
            }
            if "body" in template:
                request["body"] = _put_in(template["body"], value)
            if "without" in template:
                request["body"] = {
                    k: v for k, v in request["body"].items() if k != template["without"]
                }
            yield request


def sampled(values: Json | None, oracle: Oracle) -> list[Any]:
    """Give values drawn from the data, the same each time.

    Args:
        values: ``from`` and ``at``: a path of a type, or several paths for values that belong
            together; ``given``: values as they are; ``take``: how many; ``add``: what is added to a
            number, so that it lies between those there are; ``where``: conditions on what it is
            drawn from; ``skip``: how many are left to others; ``form``: what the value is put into.
            None for a single empty one.
        oracle: over the data.
    """
    if values is None:
        return [""]
    if "given" in values:
        return list(values["given"])
    resources = oracle.found(values["from"], values.get("where", ()), None)
    paths = values["at"] if isinstance(values["at"], list) else [values["at"]]
    found: dict[str, Any] = {}
    for resource in resources:
        for element in at(resource, values.get("each", "")):
            parts = [next(at(element, path), None) for path in paths]
            if None not in parts:
                made = [
                    _added(part, values.get("add"), path)
                    for part, path in zip(parts, paths, strict=True)
                ]
                found.setdefault(repr(made), made[0] if len(made) == 1 else made)
    distinct = list(found.values())
    random.Random(2).shuffle(distinct)
    skip = values.get("skip", 0)
    taken = distinct[skip : skip + values.get("take", 20)]
    return (
        [values["form"].replace("{value}", each) for each in taken] if "form" in values else taken
    )


def _added(value: Any, add: float | None, path: str) -> Any:
    if add is not None and isinstance(value, int | float):
        return f"{value + add:.5f}"
    if path.endswith(("DateTime", "start", "issued")):
        return moment(value).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _put_in(template: Any, value: Any, *, quoted: bool = False) -> Any:
    """Put a value in where ``{value}`` or, of several, ``{0}`` stands."""
    if template == "{value}" and isinstance(value, dict):
        return value
    if isinstance(template, dict):
        return {key: _put_in(each, value) for key, each in template.items()}
    if isinstance(template, list):
        return [_put_in(each, value) for each in template]
    if not isinstance(template, str):
        return template
    parts = value if isinstance(value, list) else [value]
    texts = [quote(str(each), safe="/") if quoted else str(each) for each in parts]
    text = template.replace("{value}", texts[0])
    for number, each in enumerate(texts):
        text = text.replace(f"{{{number}}}", each)
    return text


def _expected(template: Json, value: Any, oracle: Oracle) -> Json:
    expected: Json = {key: _put_in(each, value) for key, each in template.get("expect", {}).items()}
    if "find" in template:
        expected.update(_of_search(template, value, oracle))
    return expected


def _of_search(template: Json, value: Any, oracle: Oracle) -> Json:
    find = template["find"]
    resources = oracle.found(find["type"], find["where"], value)
    if find.get("count"):
        return {"bundle": "searchset", "total": len(resources)}
    if find.get("least"):
        return {"bundle": "searchset", "least": len(resources)}
    page = find.get("page", 20)
    expected: Json = {"bundle": "searchset", "found": len(resources), "page": page}
    if len(resources) <= _MOST_IDS:
        expected["ids"] = [each["id"] for each in resources]
    if "sort" in find:
        expected["keys"] = _keys(resources, find["sort"])
        expected["descending"] = find.get("descending", False)
    if len(resources) <= page:
        expected.update(_included(find, resources, oracle))
    return expected


def _keys(resources: Sequence[Json], path: str) -> Mapping[str, Any]:
    """Give what each resource is ordered by; times as numbers, so that zones don't matter."""
    found = {}
    for each in resources:
        value = next(at(each, path), None)
        if isinstance(value, str) and value[:4].isdigit():
            value = moment(value).timestamp()
        found[each["id"]] = value
    return found


def _included(find: Json, resources: Sequence[Json], oracle: Oracle) -> Json:
    references: set[str] = set()
    if "include" in find:
        references = {ref for each in resources for ref in at(each, find["include"])}
    if "revinclude" in find:
        type_, path = find["revinclude"]["type"], find["revinclude"]["at"]
        references = {
            f"{type_}/{each['id']}"
            for one in resources
            for each in oracle.referring(type_, path, f"{one['resourceType']}/{one['id']}")
        }
    return {"included": sorted(references)} if references else {}
