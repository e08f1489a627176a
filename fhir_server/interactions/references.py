"""Replace links between the entries of a transaction by links to what was stored.

https://hl7.org/fhir/R4/http.html#trules: the server replaces all matching links in the bundle,
whether they are in references, in elements of type uri, url, oid and uuid, or in narrative.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_server.fhir.ids import ID
from fhir_server.profiles.definitions import Definitions

LINK_TYPES = frozenset({"uri", "url", "oid", "uuid"})
NARRATIVE_LINK = re.compile(r"""((?:href|src)\s*=\s*)(["'])(.*?)\2""")
LINK_KEYS = frozenset({"reference", "div"})
CONDITIONAL = re.compile(r"[A-Z][A-Za-z]{1,63}\?")
RELATIVE = re.compile(rf"[A-Z][A-Za-z]{{1,63}}/{ID}\Z")
RESTFUL = re.compile(r"(?P<root>https?://.+/)" + RELATIVE.pattern)
VERSION = re.compile(rf"/_history/{ID}\Z")

Path = tuple[str, ...]


def root_of(full_url: str | None) -> str:
    """Give what relative references in an entry are relative to (bundle.html#references).

    Returns:
        The address before ``Type/id``; empty where the fullUrl has no such address.
    """
    match = RESTFUL.match(full_url or "")
    return match["root"] if match else ""


def spelled_in(resource: Any) -> Iterator[str]:
    """Give the texts of the references in a resource, in any order."""
    waiting = [resource]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            text = value.get("reference")
            if isinstance(text, str):
                yield text
            waiting += [each for each in value.values() if isinstance(each, dict | list)]
        elif isinstance(value, list):
            waiting += value


@dataclass(frozen=True, slots=True)
class Links:
    """What the links in a bundle lead to.

    Args:
        definitions: tell which elements hold links.
        targets: new references by the fullUrl they replace.
        resolve: gives the reference for a conditional one (``Patient?identifier=…``), which stands
            at an expression in a resource.
        versions: the versions that the targets will have.
        promised: the targets to whose version a link led, so far.
    """

    definitions: Definitions
    targets: Mapping[str, str]
    resolve: Callable[[str, str, Mapping[str, Any]], str]
    versions: Mapping[str, int]
    promised: set[str] = field(default_factory=set)

    def rewrite(
        self, resource: dict[str, Any], expression: str, root: str = "", *, resolve: bool = True
    ) -> dict[str, Any]:
        """Give a resource with its links replaced.

        Args:
            resource: it is not changed; what needs no change is shared with the result.
            expression: where it stands.
            root: see `root_of`.
            resolve: replace conditional references, too.
        """
        return _Rewriting(self, root, resolve).of(resource, expression)


class _Place:
    """An object inside a resource, and which of its elements is looked at.

    Args:
        value: the object.
        above: the object that it stands in.
    """

    __slots__ = ("above", "index", "key", "value")

    def __init__(self, value: dict[str, Any], above: _Place | None) -> None:
        self.value = value
        self.above = above
        self.key = ""
        self.index: int | None = None

    def expression(self) -> str:
        """Give where the object stands, below the resource."""
        found = ""
        place = self.above
        while place is not None:
            index = "" if place.index is None else f"[{place.index}]"
            found = f".{place.key}{index}{found}"
            place = place.above
        return found

    def path(self, name: str) -> Path:
        """Give the names that lead to one of its elements, from the resource it belongs to."""
        names = [name]
        place = self
        while place.above is not None and not isinstance(place.value.get("resourceType"), str):
            place = place.above
            names.append(place.key)
        return (place.value["resourceType"], *reversed(names))


class _Rewriting:
    """Rewrites one resource.

    A bundle has very many elements and few links: where an element stands is spelled only where
    somebody must know.
    """

    def __init__(self, links: Links, root: str, resolves: bool) -> None:
        self._links = links
        self._targets = links.targets
        self._root = root
        self._resolves = resolves
        self._expression = ""
        self._resource: Mapping[str, Any] = {}

    def of(self, resource: dict[str, Any], expression: str) -> dict[str, Any]:
        """Give the resource rewritten."""
        self._expression = expression
        self._resource = resource
        return self._object(resource, None)

    def _object(self, value: dict[str, Any], above: _Place | None) -> dict[str, Any]:
        changed: dict[str, Any] | None = None
        targets = self._targets
        at: _Place | None = None
        for key, item in value.items():
            if isinstance(item, str):
                # Most strings are no links.
                if key not in LINK_KEYS and item not in targets:
                    continue
                new: Any = self._text(item, key, at or _Place(value, above))
            elif isinstance(item, dict):
                at = at or _Place(value, above)
                at.key, at.index = key, None
                new = self._object(item, at)
            elif isinstance(item, list):
                at = at or _Place(value, above)
                at.key = key
                new = self._items(item, key, at)
            else:
                continue
            if new is not item:
                changed = changed or dict(value)
                changed[key] = new
        return changed or value

    def _items(self, items: list[Any], key: str, at: _Place) -> list[Any]:
        changed: list[Any] | None = None
        for index, item in enumerate(items):
            if isinstance(item, dict):
                at.index = index
                new: Any = self._object(item, at)
            elif isinstance(item, str) and item in self._targets:
                new = self._text(item, key, at)
            else:
                continue
            if new is not item:
                changed = changed or list(items)
                changed[index] = new
        return changed or items

    def _text(self, value: str, key: str, at: _Place) -> str:
        if key == "reference":
            return self._reference(value, at)
        if key == "div":
            return NARRATIVE_LINK.sub(self._narrative, value) if self._targets else value
        if value in self._targets and self._is_link(at.path(key)):
            return self._targets[value]
        return value

    def _reference(self, value: str, at: _Place) -> str:
        base, hash_, fragment = value.partition("#")
        named = VERSION.sub("", base)
        target = self._targets.get(named)
        if target is None and self._root and RELATIVE.match(named):
            target = self._targets.get(self._root + named)
        if target is not None:
            version = self._version(target) if named != base else ""
            return f"{target}{version}{hash_}{fragment}"
        if self._resolves and CONDITIONAL.match(value):
            where = f"{self._expression}{at.expression()}.reference"
            return self._links.resolve(value, where, self._resource)
        return value

    def _version(self, target: str) -> str:
        version = self._links.versions.get(target)
        if version is None:
            return ""
        self._links.promised.add(target)
        return f"/_history/{version}"

    def _narrative(self, match: re.Match[str]) -> str:
        target = self._targets.get(match[3], match[3])
        return f"{match[1]}{match[2]}{target}{match[2]}"

    def _is_link(self, path: Path) -> bool:
        """Tell whether the element at a path, e.g. (Patient, link, other), holds a link."""
        at, type_ = path[0], path[0]
        for name in path[1:]:
            found = _child(self._links.definitions, at, name)
            if found is None:
                return False
            at, type_ = found
        return type_ in LINK_TYPES


def _child(definitions: Definitions, at: str, name: str) -> tuple[str, str] | None:
    children = definitions.children(at)
    element = children.get(name)
    if element is not None and not element.is_choice:
        type_ = element.types[0].code if element.types else ""
        backbone = type_ in ("BackboneElement", "Element", "")
        return (f"{at}.{name}" if backbone else type_), type_
    for choice in children.values():
        if choice.is_choice and name.startswith(choice.name):
            tail = name[len(choice.name) :]
            for type_ref in choice.types:
                if type_ref.code[:1].upper() + type_ref.code[1:] == tail:
                    return type_ref.code, type_ref.code
    return None
