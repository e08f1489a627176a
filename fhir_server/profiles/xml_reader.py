"""Reads resources from FHIR XML.

Source: https://hl7.org/fhir/R4/xml.html. expat parses; a document type declaration is refused
before anything in it is read, so that there are no entities to expand and nothing to fetch.
"""

from __future__ import annotations

from typing import Any, NoReturn
from xml.parsers import expat

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.profiles.xhtml import canonical_div, end_of_start_tag, uses_prefix
from fhir_server.profiles.xml_complaints import misplaced, unexpected
from fhir_server.profiles.xml_encoding import as_utf8
from fhir_server.profiles.xml_tables import XHTML, Kind, Slot, Table, XmlTables

MAX_DEPTH = 200  # of the JSON that the XML stands for, as `fhir.json.parse` counts it
# Each narrative is searched for each prefix around it.
_MAX_NAMESPACES = 20
_SCHEMA_LOCATION = "http://www.w3.org/2001/XMLSchema-instance schemaLocation"
_BOOLEANS = {"true": True, "false": False}
_NO_DOCTYPE = "A document type declaration is not allowed in FHIR XML."
_NO_TAGS: dict[str, Slot] = {}


class _Frame:
    """An element that is being read.

    Args:
        table: what may be in it; None where a resource must be.
        value: the JSON object that it becomes; for None the array or object the resource goes to.
        name: in FHIRPath, with its index.
        depth: of the JSON object.
    """

    __slots__ = ("depth", "last", "name", "slot", "table", "tags", "uneven", "value")

    def __init__(self, table: Table | None, value: Any, name: str, depth: int) -> None:
        self.table = table
        self.tags = _NO_TAGS if table is None else table.tags
        self.value = value
        self.name = name
        self.depth = depth
        self.last = -1
        self.slot: Slot | None = None
        self.uneven: list[Slot] = []


class XmlReader:
    """Reads one document.

    Args:
        tables: of the elements of each type.
    """

    def __init__(self, tables: XmlTables) -> None:
        self._tables = tables
        self._parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        self._data = b""
        self._root: dict[str, Any] = {}
        self._stack: list[_Frame] = []
        self._leaf: Slot | None = None
        self._leaf_is_empty = False
        self._namespaces: list[tuple[str | None, str, int]] = []
        self._div_start = 0
        self._div_depth = 0

    def parse(self, data: bytes) -> dict[str, Any]:
        """Give the resource as `fhir.json.parse` would.

        Raises:
            FhirError: 400 with code ``structure`` or ``value``, the place and the line.
        """
        self._data = as_utf8(data)
        parser = self._parser
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartNamespaceDeclHandler = self._declare
        parser.EndNamespaceDeclHandler = self._undeclare
        self._expect_elements()
        try:
            parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise _malformed(error) from None
        finally:
            # It leads back here by its handlers: the document would wait for the collector.
            del self._parser
        return self._root

    def _expect_elements(self) -> None:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._leaf is not None:
            self._open_leaf(self._leaf)
        if not self._stack:
            self._resource(tag, attributes)
            return
        frame = self._stack[-1]
        slot = frame.tags.get(tag)
        if slot is None:
            if frame.table is None:
                self._resource(tag, attributes)
                return
            self._refuse("structure", unexpected(frame.table, tag))
        if slot.order <= frame.last and not (slot is frame.slot and slot.is_array):
            self._refuse("structure", misplaced(frame.table, slot, frame.slot), slot.element)
        frame.last = slot.order
        frame.slot = slot
        if slot.kind == Kind.PRIMITIVE:
            self._primitive(frame, slot, attributes)
        elif slot.kind == Kind.COMPLEX:
            self._complex(frame, slot, attributes)
        elif slot.kind == Kind.XHTML:
            self._start_div()
        else:
            self._check_attributes(attributes, ())
            target: Any = frame.value.setdefault(slot.name, []) if slot.is_array else frame.value
            self._push(None, target, self._place(slot, target), frame.depth + slot.is_array)

    def _end(self, _tag: str) -> None:
        if self._leaf is not None:
            if self._leaf_is_empty:
                text = f"{self._leaf.name} has neither a value nor an extension."
                self._refuse("structure", text, self._leaf.element)
            self._leaf = None
            return
        frame = self._stack.pop()
        if frame.table is None and frame.last < 0:
            self._stack.append(frame)
            self._refuse("structure", "There must be a resource in this element.")
        for slot in frame.uneven:
            _even_out(frame.value, slot)

    def _text(self, text: str) -> None:
        if text.strip(" \t\r\n"):
            self._refuse(
                "structure",
                "There is text between the elements: FHIR has values in the attribute value.",
            )

    def _resource(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._tables.resources.get(tag)
        holder = self._stack[-1] if self._stack else None
        if name is None:
            self._refuse("structure", unexpected(None, tag))
        if holder is not None and holder.last >= 0:
            self._refuse("structure", "Each resource needs an element of its own around it.")
        self._check_attributes(attributes, (_SCHEMA_LOCATION,))
        value: dict[str, Any] = {"resourceType": name}
        table = self._tables[name]
        if holder is None:
            self._root = value
            self._push(table, value, name, 1)
            return
        holder.last = 0
        if isinstance(holder.value, list):
            holder.value.append(value)
        else:
            holder.value[holder.name] = value
        self._push(table, value, "", holder.depth + 1)

    def _complex(self, frame: _Frame, slot: Slot, attributes: dict[str, str]) -> None:
        table = self._tables[slot.content]
        value: dict[str, Any] = {}
        if attributes:
            self._check_attributes(attributes, table.attributes)
            for name in table.attributes:
                if name in attributes:
                    value[name] = attributes[name]
        if slot.is_array:
            items = frame.value.setdefault(slot.name, [])
            place = f"{slot.element}[{len(items)}]"
            items.append(value)
            self._push(table, value, place, frame.depth + 2)
        else:
            frame.value[slot.name] = value
            self._push(table, value, slot.element, frame.depth + 1)

    def _primitive(self, frame: _Frame, slot: Slot, attributes: dict[str, str]) -> None:
        value: Any = attributes.get("value")
        if value is not None and slot.value != "text":
            value = self._convert(slot, value)
        self._leaf = slot
        self._leaf_is_empty = value is None
        if slot.is_array:
            frame.value.setdefault(slot.name, []).append(value)
        elif value is not None:
            frame.value[slot.name] = value
        if len(attributes) == (value is not None):
            if value is None and slot.is_array and slot not in frame.uneven:
                frame.uneven.append(slot)
            return
        self._check_attributes(attributes, ("value", "id") if slot.content else ("value",))
        self._leaf_is_empty = False
        self._extensions(frame, slot)["id"] = attributes["id"]

    def _convert(self, slot: Slot, text: str) -> Any:
        if slot.value == "boolean":
            if text in _BOOLEANS:
                return _BOOLEANS[text]
            self._refuse("value", f"{slot.name} must be true or false.", slot.element)
        if text.isascii() and text.isdigit() and (text[0] != "0" or text == "0") and len(text) < 18:
            return int(text)
        # R4's integers may have a plus (datatypes.html#integer); JSON has no way to keep it.
        number = text[1:] if text[:1] == "+" and slot.content != "decimal" else text
        value: Any = None
        if text[-1:].isdigit() and (number[:1].isdigit() or number[:1] == "-"):
            try:
                value = json.parse(number.encode())
            except FhirError:
                value = None
        if value is None:
            self._refuse("value", f"{slot.name} must be a number, such as 3.", slot.element)
        return value

    def _open_leaf(self, slot: Slot) -> None:
        """Go into a primitive: what stands inside it is extensions."""
        frame = self._stack[-1]
        if not slot.content:
            self._refuse("structure", f"{slot.name} can't have extensions.", slot.element)
        self._leaf = None
        table = self._tables[slot.content]
        extensions = self._extensions(frame, slot)
        place = self._place(slot, frame.value[slot.name] if slot.is_array else None)
        self._push(table, extensions, place, frame.depth + 1 + slot.is_array)

    def _extensions(self, frame: _Frame, slot: Slot) -> dict[str, Any]:
        """Give the object beside a primitive that is being read."""
        if not slot.is_array:
            found: dict[str, Any] = frame.value.setdefault(slot.underscored, {})
            return found
        if slot not in frame.uneven:
            frame.uneven.append(slot)
        items = frame.value.setdefault(slot.underscored, [])
        position = len(frame.value[slot.name]) - 1
        items += [None] * (position - len(items))
        if len(items) == position:
            items.append({})
        last: dict[str, Any] = items[position]
        return last

    def _push(self, table: Table | None, value: Any, name: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._refuse("structure", f"The resource is nested deeper than {MAX_DEPTH} levels.")
        self._stack.append(_Frame(table, value, name, depth))

    def _check_attributes(self, attributes: dict[str, str], allowed: tuple[str, ...]) -> None:
        for name in attributes:
            if name not in allowed:
                known = " and ".join(n for n in allowed if " " not in n) or "none"
                shown = name.rpartition(" ")[2][:64]
                text = f"R4 does not define the attribute '{shown}' here; it has: {known}."
                self._refuse("structure", text)

    def _doctype(self, *_declaration: Any) -> None:
        self._refuse("structure", _NO_DOCTYPE)

    def _declare(self, prefix: str | None, uri: str) -> None:
        self._namespaces.append((prefix, uri, self._parser.CurrentByteIndex))
        if len(self._namespaces) > _MAX_NAMESPACES:
            text = f"More than {_MAX_NAMESPACES} namespaces are declared around this place."
            self._refuse("structure", text)

    def _undeclare(self, _prefix: str | None) -> None:
        self._namespaces.pop()

    def _start_div(self) -> None:
        self._div_start = self._parser.CurrentByteIndex
        self._div_depth = 0
        self._parser.StartElementHandler = self._start_in_div
        self._parser.EndElementHandler = self._end_in_div
        self._parser.CharacterDataHandler = None

    def _start_in_div(self, _tag: str, _attributes: dict[str, str]) -> None:
        self._div_depth += 1

    def _end_in_div(self, _tag: str) -> None:
        if self._div_depth:
            self._div_depth -= 1
            return
        start_tag_ends = end_of_start_tag(self._data, self._div_start)
        end = start_tag_ends
        if self._data[start_tag_ends - 2 : start_tag_ends] != b"/>":
            end = self._data.index(b">", self._parser.CurrentByteIndex) + 1
        source = self._data[self._div_start : end]
        self._stack[-1].value["div"] = self._standing_alone(source)
        self._expect_elements()

    def _standing_alone(self, source: bytes) -> str:
        """Give a div that needs no declaration from outside it: verbatim where it is one."""
        own = (None, XHTML, self._div_start) in self._namespaces
        outer = [prefix for prefix, _, start in self._namespaces if start < self._div_start]
        if own and not uses_prefix(source, [prefix for prefix in outer if prefix]):
            return source.decode()
        around = {prefix: uri for prefix, uri, _ in self._namespaces}
        problem, div = canonical_div(source, around)
        if problem:
            self._refuse("structure", problem, "div")
        return div

    def _place(self, slot: Slot, items: Any) -> str:
        """Name an element that is being read, with its index among those of its name."""
        if not slot.is_array:
            return slot.element
        more = 0 if slot.kind == Kind.RESOURCE else -1
        return f"{slot.element}[{len(items) + more}]"

    def _refuse(self, code: str, text: str, element: str = "") -> NoReturn:
        line = self._parser.CurrentLineNumber
        places = [frame.name for frame in self._stack if frame.name]
        expression = ".".join([*places, element] if element else places)
        issue = Issue("error", code, f"{text} (line {line})", expression or None)
        raise FhirError(issue, status=400)


def _even_out(value: dict[str, Any], slot: Slot) -> None:
    """Make an array of primitives and that of their extensions fit each other."""
    values, extensions = value[slot.name], value[slot.underscored]
    extensions += [None] * (len(values) - len(extensions))
    if all(item is None for item in values):
        del value[slot.name]


class _RootFound(Exception):
    """Ends the parser at the first tag."""


def root_of(tables: XmlTables, data: bytes) -> str | None:
    """Give the resource type that a document's root names, without reading on."""
    found: list[str] = []

    def start(tag: str, _attributes: dict[str, str]) -> None:
        found.append(tag)
        raise _RootFound

    def doctype(*_declaration: Any) -> None:
        raise FhirError(Issue("error", "structure", _NO_DOCTYPE), status=400)

    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(as_utf8(data), True)
    except expat.ExpatError as error:
        raise _malformed(error) from None
    except _RootFound:
        return tables.resources.get(found[0])
    return None


def _malformed(error: expat.ExpatError) -> FhirError:
    text = (
        f"The body is not well-formed XML: {expat.ErrorString(error.code)} "
        f"(line {error.lineno}, column {error.offset + 1})."
    )
    return FhirError(Issue("error", "structure", text), status=400)
