"""Replace links between the entries of a transaction by links to what was stored.

https://hl7.org/fhir/R4/http.html#trules: the server replaces all matching links in the bundle,
whether they are in references, in elements of type uri, url, oid and uuid, or in narrative.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fhir_server.profiles.definitions import Definitions

LINK_TYPES = frozenset({"uri", "url", "oid", "uuid"})
NARRATIVE_LINK = re.compile(r"""((?:href|src)\s*=\s*)(["'])(.*?)\2""")
LINK_KEYS = frozenset({"reference", "div"})
CONDITIONAL = re.compile(r"[A-Z][A-Za-z]{1,63}\?")

Path = tuple[str, ...]


class Links:
    """Rewrites copies of resources.

    Args:
        definitions: tell which elements hold links.
        targets: new references by the fullUrl they replace.
        resolve: gives the reference for a conditional one (``Patient?identifier=…``).
    """

    def __init__(
        self,
        definitions: Definitions,
        targets: Mapping[str, str],
        resolve: Callable[[str, str], str],
    ) -> None:
        self._definitions = definitions
        self._targets = targets
        self._resolve = resolve

    def rewrite(self, resource: dict[str, Any], expression: str) -> dict[str, Any]:
        """Give the resource with its links replaced.

        Args:
            resource: it is not changed; what needs no change is shared with the result.
            expression: where it stands.
        """
        return self._object(resource, (resource["resourceType"],), expression)

    def _object(self, value: dict[str, Any], path: Path, expression: str) -> dict[str, Any]:
        changed: dict[str, Any] | None = None
        for key, item in value.items():
            if isinstance(item, str):
                # Most strings are no links, and a bundle has very many of them.
                if key not in LINK_KEYS and item not in self._targets:
                    continue
                new: Any = self._text(item, key, path, expression)
            elif isinstance(item, dict):
                new = self._child(item, key, path, expression)
            elif isinstance(item, list):
                new = self._items(item, key, path, expression)
            else:
                continue
            if new is not item:
                changed = changed or dict(value)
                changed[key] = new
        return changed or value

    def _items(self, items: list[Any], key: str, path: Path, expression: str) -> list[Any]:
        new = [
            self._child(item, key, path, f"{expression}.{key}[{index}]", named=True)
            if isinstance(item, dict)
            else self._text(item, key, path, expression)
            if isinstance(item, str) and item in self._targets
            else item
            for index, item in enumerate(items)
        ]
        same = all(one is other for one, other in zip(new, items, strict=True))
        return items if same else new

    def _child(
        self, value: dict[str, Any], key: str, path: Path, expression: str, *, named: bool = False
    ) -> dict[str, Any]:
        inner = value.get("resourceType")
        below = (inner,) if isinstance(inner, str) else (*path, key)
        return self._object(value, below, expression if named else f"{expression}.{key}")

    def _text(self, value: str, key: str, path: Path, expression: str) -> str:
        if key == "reference":
            base, hash_, fragment = value.partition("#")
            if base in self._targets:
                return self._targets[base] + hash_ + fragment
            if CONDITIONAL.match(value):
                return self._resolve(value, f"{expression}.reference")
            return value
        if key == "div":
            return NARRATIVE_LINK.sub(self._narrative, value)
        if value in self._targets and self._is_link((*path, key)):
            return self._targets[value]
        return value

    def _narrative(self, match: re.Match[str]) -> str:
        target = self._targets.get(match[3], match[3])
        return f"{match[1]}{match[2]}{target}{match[2]}"

    def _is_link(self, path: Path) -> bool:
        """Tell whether the element at a path, e.g. (Patient, link, other), holds a link."""
        at, type_ = path[0], path[0]
        for name in path[1:]:
            found = _child(self._definitions, at, name)
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
