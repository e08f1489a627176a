"""The words of a resource: of its narrative, and of all that stands in it to be read.

``_text`` looks at the narrative, ``_content`` at the strings, markdowns and codes as well; not at
ids, references, addresses (uri), dates, numbers and encoded data.

Source: https://hl7.org/fhir/R4/search.html#content
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fhir_server.fhir.folding import fold
from fhir_server.profiles.definitions import Definitions, Element, TypeRef

Value = Any

NARRATIVE, CONTENT = "n:", "c:"

# A longer word is cut; a resource with more words than this is found by the first of them.
LONGEST_WORD, MOST_WORDS = 60, 20_000

_READ = ("string", "markdown", "code")
_NOT_READ = ("Reference.reference",)  # a string by its type, an address by what it is
_TAG = re.compile(r"<[^>]*>")


@dataclass(slots=True)
class _Node:
    """What to do with each JSON property of a type: read it, or go on inside."""

    read: set[str] = field(default_factory=set)
    below: dict[str, str] = field(default_factory=dict)


class Words:
    """Finds the words of resources.

    Args:
        definitions: tell which elements hold text.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._nodes: dict[str, _Node] = {}

    def of(self, resource: dict[str, Any]) -> list[str]:
        """Give the words, each after ``n:`` if the narrative has it, else after ``c:``."""
        narrative = dict.fromkeys(split_words(_narrative(resource)))
        texts: list[str] = []
        self._gather(resource["resourceType"], resource, texts)
        content = dict.fromkeys(split_words(" ".join(texts)))
        found = [f"{NARRATIVE}{word}" for word in narrative]
        found += [f"{CONTENT}{word}" for word in content if word not in narrative]
        return found[:MOST_WORDS]

    def _gather(self, path: str, value: dict[str, Any], into: list[str]) -> None:
        node = self._nodes.get(path) or self._node(path)
        read, below = node.read, node.below
        for name, inner in value.items():
            if name in read:
                if type(inner) is str:
                    into.append(inner)
                elif type(inner) is list:
                    into += [each for each in inner if type(each) is str]
            elif name in below:
                self._descend(below[name], inner, into)

    def _descend(self, path: str, value: Value, into: list[str]) -> None:
        for inner in value if type(value) is list else (value,):
            if type(inner) is not dict:
                continue
            if path == "Resource":
                resource_type = inner.get("resourceType")
                if self._definitions.is_resource_type(str(resource_type)):
                    self._gather(str(resource_type), inner, into)
            else:
                self._gather(path, inner, into)

    def _node(self, path: str) -> _Node:
        node = _Node()
        for element in self._definitions.children(path).values():
            for name, type_ in element.properties().items():
                self._place(node, name, element, type_)
        self._nodes[path] = node
        return node

    def _place(self, node: _Node, name: str, element: Element, type_: TypeRef) -> None:
        if type_.code in _READ and element.path not in _NOT_READ:
            node.read.add(name)
        if self._definitions.is_primitive(type_.code):
            node.below[f"_{name}"] = "Element"
        elif type_.code in ("BackboneElement", "Element"):
            node.below[name] = element.content_reference or element.path
        elif type_.code != "Narrative":
            node.below[name] = type_.code


def split_words(text: str) -> Iterator[str]:
    """Give the folded words of a text."""
    for piece in text.split():
        yield from _words(piece) if len(piece) <= LONGEST_WORD else _folded(piece)


# Language repeats itself: most pieces have been folded before.
@lru_cache(maxsize=32_768)
def _words(piece: str) -> tuple[str, ...]:
    return _folded(piece)


def _folded(piece: str) -> tuple[str, ...]:
    return tuple(word[:LONGEST_WORD] for word in fold(piece).split())


def _narrative(resource: dict[str, Any]) -> str:
    text = resource.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    return html.unescape(_TAG.sub(" ", div)) if isinstance(div, str) else ""
