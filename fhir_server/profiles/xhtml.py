"""Narrative: which XHTML R4 allows, and how a div is taken out of the document around it.

Source: https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from fhir_server.profiles.xml_tables import XHTML

_XML = "http://www.w3.org/XML/1998/namespace "
_VOID = ("br", "col", "hr", "img")
_START_TAG = re.compile(rb"""<(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")

# Constraint txt-1 of Narrative, with what its prose and the specification's own pages use.
ELEMENTS = frozenset(
    "a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 "
    "h3 h4 h5 h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th "
    "thead tr tt ul var".split()
)
ATTRIBUTES = frozenset(
    "abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign "
    "char charoff charset cite class colspan compact coords dir frame headers height href hreflang "
    "hspace id lang longdesc name nowrap rel rev rowspan rules scope shape span src start style "
    "summary tabindex title type valign value vspace width".split()
)


_LINKS = ("href", "src", "cite", "longdesc")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a div: an issue's code, and a text to follow "because"."""

    code: str
    text: str
    rule: str


def problem_of(div: str) -> Problem | None:
    """Say what keeps a text from being the div of a narrative; None for nothing."""
    return _Examination().of(div)


class _Refused(Exception):
    """Ends the parser; the text says why."""


class _Examination:
    def __init__(self) -> None:
        self._parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        self._has_content = False
        self._has_root = False

    def of(self, div: str) -> Problem | None:
        parser = self._parser
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.ProcessingInstructionHandler = _refuse_instruction
        try:
            parser.Parse(div.encode(), True)
        except expat.ExpatError as error:
            text = f"it is not well-formed XML ({expat.ErrorString(error.code)})"
            return Problem("structure", text, "primitive")
        except _Refused as refused:
            return Problem("invariant", f"{refused} (constraint txt-1)", "txt-1")
        finally:
            # It leads back here by its handlers, and would wait for the collector with its buffers.
            del self._parser
        if not self._has_content:
            text = "it has neither text nor an image (constraint txt-2)"
            return Problem("invariant", text, "txt-2")
        return None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if namespace != XHTML or name not in ELEMENTS:
            raise _Refused(f"R4 does not allow the element '{name[:64]}' in it")
        if not self._has_root:
            self._has_root = True
            if name != "div":
                raise _Refused("its root must be a div")
        for attribute, value in attributes.items():
            if attribute.removeprefix(_XML) not in ATTRIBUTES:
                shown = attribute.rpartition(" ")[2][:64]
                raise _Refused(f"R4 does not allow the attribute '{shown}' in it")
            if attribute in _LINKS and _leads_to_script(value):
                raise _Refused(
                    f"'{attribute}' leads to a script, and active content is not allowed"
                )
        if name == "img" and "src" in attributes:
            self._has_content = True

    def _text(self, text: str) -> None:
        if not text.isspace():
            self._has_content = True
            self._parser.CharacterDataHandler = None


# Browsers leave out white space and control characters before they look. An image may be whole in
# its address, so that only the beginning of it is looked at.
_LEFT_OUT = r"[\x00-\x20]*"
_SCRIPTS = "|".join(map(_LEFT_OUT.join, ("javascript", "vbscript")))
_TO_SCRIPT = re.compile(rf"{_LEFT_OUT}(?:{_SCRIPTS}){_LEFT_OUT}(?::|\Z)", re.ASCII | re.IGNORECASE)


def _leads_to_script(address: str) -> bool:
    """Tell whether a browser that follows an address would run what it says."""
    return _TO_SCRIPT.match(address) is not None


def _refuse_doctype(*_declaration: object) -> None:
    raise _Refused("a document type declaration is not allowed in it")


def _refuse_instruction(*_instruction: object) -> None:
    raise _Refused("processing instructions are not allowed in it")


def end_of_start_tag(data: bytes, start: int) -> int:
    """Give the position after a start tag of a well-formed document."""
    match = _START_TAG.match(data, start)
    assert match is not None, "expat has found a tag here"  # noqa: S101
    return match.end()


def uses_prefix(source: bytes, prefixes: Sequence[str]) -> bool:
    """Tell whether a piece of XML may use one of some namespace prefixes."""
    return any(f"{prefix}:".encode() in source for prefix in prefixes)


def canonical_div(source: bytes, namespaces: Mapping[str | None, str]) -> tuple[str | None, str]:
    """Write a div anew, so that it needs no namespace from outside.

    Args:
        source: the div as it stands in a well-formed document.
        namespaces: those declared around it by prefix, None for the default one.

    Returns:
        What keeps it from standing alone, or None, and the div.
    """
    return _Rewriting().of(source, namespaces)


class _Rewriting:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._depth = 0

    def of(self, source: bytes, namespaces: Mapping[str | None, str]) -> tuple[str | None, str]:
        declared = "".join(
            f" xmlns{f':{prefix}' if prefix else ''}={quoteattr(uri)}"
            for prefix, uri in namespaces.items()
            if prefix != "xml"
        )
        parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = self._comment
        try:
            parser.Parse(f"<around{declared}>".encode(), False)
            parser.Parse(source, False)
        except _Refused as refused:
            return str(refused), ""
        return None, "".join(self._parts)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            return
        namespace, _, name = tag.rpartition(" ")
        if namespace != XHTML:
            raise _Refused(f"The element '{name[:64]}' must be in the namespace {XHTML}.")
        declaration = f' xmlns="{XHTML}"' if self._depth == 2 else ""
        written = "".join(f" {_plain(key)}={_quoted(text)}" for key, text in attributes.items())
        self._parts.append(f"<{name}{declaration}{written}{'/' if name in _VOID else ''}>")

    def _end(self, tag: str) -> None:
        self._depth -= 1
        name = tag.rpartition(" ")[2]
        if name not in _VOID:
            self._parts.append(f"</{name}>")

    def _text(self, text: str) -> None:
        self._parts.append(escape(text, {"\r": "&#13;"}))

    def _comment(self, text: str) -> None:
        self._parts.append(f"<!--{text}-->")


def _plain(attribute: str) -> str:
    namespace, _, name = attribute.rpartition(" ")
    if not namespace:
        return name
    if f"{namespace} " == _XML:
        return f"xml:{name}"
    raise _Refused(f"The attribute '{name[:64]}' must be in no namespace.")


def _quoted(text: str) -> str:
    return quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
