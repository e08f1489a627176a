"""The words of a resource: of its narrative, and of all that stands in it to be read.

``_text`` looks at the narrative, ``_content`` at the strings, markdowns and codes as well; not at
ids, references, addresses (uri), dates, numbers and encoded data.

Source: https://hl7.org/fhir/R4/search.html#content
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from fhir_server.fhir.folding import fold
from fhir_server.profiles.definitions import Definitions

NARRATIVE, CONTENT = "n:", "c:"

# A longer word is cut; a resource with more words than this is found by the first of them.
LONGEST_WORD, MOST_WORDS = 60, 20_000

# The path of what is a resource inside another: only itself tells its type.
RESOURCE = "Resource"

_READ = ("string", "markdown", "code")
_NOT_READ = ("Reference.reference",)  # a string by its type, an address by what it is
_TAG = re.compile(r"<[^>]*>")

# What of a type is read, by JSON property; and the path of what stands below others.
Texts = tuple[frozenset[str], Mapping[str, str]]


class Words:
    """Knows where the texts of resources stand.

    Args:
        definitions: tell which elements hold text.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def is_type(self, resource_type: str) -> bool:
        """Tell whether there are resources of a type."""
        return self._definitions.is_resource_type(resource_type)

    def texts(self, path: str) -> Texts:
        """Give the JSON properties of a type whose strings are read, and where others lead.

        Args:
            path: a resource type, a data type or the path of a backbone element.
        """
        read: set[str] = set()
        below: dict[str, str] = {}
        for element in self._definitions.children(path).values():
            for name, type_ in element.properties().items():
                if type_.code in _READ and element.path not in _NOT_READ:
                    read.add(name)
                if self._definitions.is_primitive(type_.code):
                    below[f"_{name}"] = "Element"
                elif type_.code in ("BackboneElement", "Element"):
                    below[name] = element.content_reference or element.path
                elif type_.code != "Narrative":
                    below[name] = type_.code
        return frozenset(read), below


def words_of(resource: Mapping[str, Any], texts: Iterable[str]) -> list[str]:
    """Give the words, each after ``n:`` if the narrative has it, else after ``c:``.

    Args:
        resource: may have a narrative.
        texts: what stands in it to be read.
    """
    narrative = _distinct(_narrative(resource))
    found = [f"{NARRATIVE}{word}" for word in narrative]
    found += [f"{CONTENT}{word}" for word in _distinct(" ".join(texts)) if word not in narrative]
    return found[:MOST_WORDS]


def split_words(text: str) -> Iterator[str]:
    """Give the folded words of a text."""
    for piece in text.split():
        yield from _words(piece) if len(piece) <= LONGEST_WORD else _folded(piece)


def _distinct(text: str) -> dict[str, None]:
    """Give each folded word of a text once, in their order."""
    found: dict[str, None] = {}
    for piece in dict.fromkeys(text.split()):
        for word in _words(piece) if len(piece) <= LONGEST_WORD else _folded(piece):
            found[word] = None
    return found


# Language repeats itself: most pieces have been folded before. What does not are ids, and of them
# more than this would only be held.
@lru_cache(maxsize=1024)
def _words(piece: str) -> tuple[str, ...]:
    return _folded(piece)


def _folded(piece: str) -> tuple[str, ...]:
    return tuple(word[:LONGEST_WORD] for word in fold(piece).split())


def _narrative(resource: Mapping[str, Any]) -> str:
    text = resource.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    return html.unescape(_TAG.sub(" ", div)) if isinstance(div, str) else ""
