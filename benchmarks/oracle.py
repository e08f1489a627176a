"""What a search must find, computed from the data that were loaded.

Conditions are data, written in the workload's file:

- ``{"at": [paths], "is": how, "value": what}``: one of the values at the paths is so; ``what`` is
  the value searched for unless given.
- ``{"refers": path, "to": [conditions], "type": type}``: a reference leads to a resource of which
  the conditions are true (a chain).
- ``{"has": type, "by": path, "where": [conditions]}``: such a resource refers here (`_has`).
- ``{"each": path, "where": [conditions]}``: the conditions are true of one and the same element.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

Json = dict[str, Any]
Condition = Mapping[str, Any]


def at(value: Any, path: str) -> Iterator[Any]:
    """Give all values at a path of names with dots; the whole for an empty one."""
    if isinstance(value, list):
        for each in value:
            yield from at(each, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        if name in value:
            yield from at(value[name], rest)


@lru_cache(maxsize=100_000)
def moment(text: str) -> dt.datetime:
    """Give a dateTime with a zone, or the beginning of a date in UTC."""
    parsed = dt.datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)


class Oracle:
    """Answers searches over resources in memory.

    Args:
        resources: all that were loaded.
    """

    def __init__(self, resources: Iterable[Json]) -> None:
        self._by_type: dict[str, dict[str, Json]] = defaultdict(dict)
        for each in resources:
            self._by_type[each["resourceType"]][each["id"]] = each

    def of(self, type_: str) -> list[Json]:
        """Give the resources of a type."""
        return list(self._by_type[type_].values())

    def get(self, reference: str) -> Json | None:
        """Give what a reference leads to; None for nothing."""
        type_, _, id_ = reference.partition("/")
        return self._by_type[type_].get(id_)

    def found(self, type_: str, conditions: Sequence[Condition], value: Any) -> list[Json]:
        """Give the resources of a type that fulfil all conditions.

        Args:
            type_: of what is searched for.
            conditions: as in the module's text.
            value: what was searched for.
        """
        prepared = [self._prepared(each, value) for each in conditions]
        return [each for each in self.of(type_) if all(true(each) for true in prepared)]

    def referring(self, type_: str, path: str, reference: str) -> list[Json]:
        """Give the resources of a type that refer to another at a path."""
        return [each for each in self.of(type_) if reference in at(each, path)]

    def _prepared(self, condition: Condition, value: Any) -> Callable[[Any], bool]:
        if "refers" in condition:
            type_, path = condition["type"], condition["refers"]
            targets = {
                f"{type_}/{each['id']}" for each in self.found(type_, condition["to"], value)
            }
            return lambda resource: any(each in targets for each in at(resource, path))
        if "has" in condition:
            sources = self.found(condition["has"], condition["where"], value)
            ends = {ref for each in sources for ref in at(each, condition["by"])}
            return lambda resource: f"{resource['resourceType']}/{resource['id']}" in ends
        if "each" in condition:
            parts = [self._prepared(each, value) for each in condition["where"]]
            path = condition["each"]
            return lambda resource: any(
                all(true(element) for true in parts) for element in at(resource, path)
            )
        wanted = _wanted(condition, value)
        compare = _COMPARISONS[condition["is"]]
        paths = condition["at"]
        return lambda resource: any(
            compare(each, wanted) for path in paths for each in at(resource, path)
        )


def _wanted(condition: Condition, value: Any) -> Any:
    if "value" in condition:
        return condition["value"]
    return value[condition["of"]] if "of" in condition else value


@lru_cache(maxsize=100_000)
def plain(text: str) -> str:
    """Give a string as searches see it: without case and accents."""
    parts = unicodedata.normalize("NFKD", str(text).casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "starts": lambda each, wanted: plain(each).startswith(plain(wanted)),
    "contains": lambda each, wanted: plain(wanted) in plain(each),
    "equals": lambda each, wanted: str(each) == str(wanted),
    "code": lambda each, wanted: str(each).casefold() == str(wanted).casefold(),
    "over": lambda each, wanted: float(each) > float(wanted),
    "under": lambda each, wanted: float(each) < float(wanted),
    "from": lambda each, wanted: moment(each) >= moment(wanted),
    "until": lambda each, wanted: moment(each) <= moment(wanted),
    "before": lambda each, wanted: moment(each) < moment(wanted),
}
