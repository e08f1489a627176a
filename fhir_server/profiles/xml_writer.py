"""Writes resources as FHIR XML.

Source: https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from fhir_server.profiles.xml_tables import FHIR, Kind, Slot, Table, XmlTables

_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>'
# White space other than a blank is escaped: parsers turn it into blanks (XML 1.0, 3.3.3).
_ESCAPES = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;",
    "\r": "&#13;",
}  # fmt: skip
# What XML can't carry is in no stored resource, but may be in the text of an error.
_IMPOSSIBLE = (*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_TRANSLATION = str.maketrans({**_ESCAPES, **{chr(code): "\ufffd" for code in _IMPOSSIBLE}})
_has_special = re.compile('[\x00-\x1f&<>"\ud800-\udfff\ufffe\uffff]').search


class XmlWriter:
    """Writes what the validator has accepted; anything else may be a ValueError.

    Args:
        tables: of the elements of each type.
        step: by how much each level is indented; None writes everything on one line.
    """

    def __init__(self, tables: XmlTables, step: str | None = None) -> None:
        self._tables = tables
        self._step = step

    def dump(self, resource: Mapping[str, Any]) -> bytes:
        """Give the document."""
        parts = [_PROLOGUE]
        indent = "" if self._step is None else "\n"
        try:
            self._resource(resource, parts, indent, f' xmlns="{FHIR}"')
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("XML can carry only what R4 defines.") from error
        return "".join(parts).encode()

    def _deeper(self, indent: str) -> str:
        return indent if self._step is None else indent + self._step

    def _resource(
        self, resource: Mapping[str, Any], parts: list[str], indent: str, declaration: str = ""
    ) -> None:
        name = resource["resourceType"]
        parts.append(f"{indent}<{name}{declaration}>")
        self._content(self._tables[name], resource, parts, self._deeper(indent))
        parts.append(f"{indent}</{name}>")

    def _content(
        self, table: Table, value: Mapping[str, Any], parts: list[str], indent: str
    ) -> None:
        slots = table.slots
        for name in sorted(value, key=table.order.__getitem__):
            slot = slots.get(name)
            if slot is None:
                if name != "resourceType" and name[1:] not in value:
                    self._with_extensions(slots[name[1:]], None, value[name], parts, indent)
            elif slot.kind == Kind.PRIMITIVE:
                extensions = value.get(slot.underscored)
                if extensions is not None:
                    self._with_extensions(slot, value[name], extensions, parts, indent)
                elif slot.is_array:
                    for item in value[name]:
                        parts.append(f'{indent}<{name} value="{_text(item)}"/>')
                else:
                    parts.append(f'{indent}<{name} value="{_text(value[name])}"/>')
            elif slot.kind == Kind.XHTML:
                parts.append(indent + value[name].strip())
            elif slot.kind != Kind.ATTRIBUTE:
                self._elements(slot, value[name], parts, indent)

    def _elements(self, slot: Slot, value: Any, parts: list[str], indent: str) -> None:
        for item in value if slot.is_array else (value,):
            if slot.kind == Kind.RESOURCE:
                parts.append(f"{indent}<{slot.name}>")
                self._resource(item, parts, self._deeper(indent))
                parts.append(f"{indent}</{slot.name}>")
            else:
                self._element(slot, "", item, parts, indent)

    def _element(
        self, slot: Slot, given: str, value: Mapping[str, Any], parts: list[str], indent: str
    ) -> None:
        table = self._tables[slot.content]
        attributes = given
        for name in table.attributes:
            if name in value:
                attributes = f'{attributes} {name}="{_text(value[name])}"'
        if all(name in table.attributes for name in value):
            parts.append(f"{indent}<{slot.name}{attributes}/>")
            return
        parts.append(f"{indent}<{slot.name}{attributes}>")
        self._content(table, value, parts, self._deeper(indent))
        parts.append(f"{indent}</{slot.name}>")

    def _with_extensions(
        self, slot: Slot, value: Any, extensions: Any, parts: list[str], indent: str
    ) -> None:
        pairs = zip_longest(value or (), extensions) if slot.is_array else ((value, extensions),)
        for item, extension in pairs:
            given = "" if item is None else f' value="{_text(item)}"'
            self._element(slot, given, extension or {}, parts, indent)


def _text(value: Any) -> str:
    """Write a value as the text of an attribute."""
    if isinstance(value, str):
        return value.translate(_TRANSLATION) if _has_special(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list) or value is None:
        raise TypeError("not a primitive value")
    return str(value)
