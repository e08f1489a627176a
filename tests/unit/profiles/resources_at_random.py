"""Resources of any type, put together at random from the definitions; for tests of formats."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fhir_server.fhir import json
from fhir_server.profiles.definitions import Definitions, Element

Draw = Any

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r &<>\"'"),
    min_size=1,
    max_size=12,
)
DECIMALS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
).map(lambda text: json.parse(text.encode()))
INTEGERS = st.integers(-(2**31), 2**31 - 1)
VALUES = {
    "boolean": st.booleans(),
    "decimal": DECIMALS,
    "integer": INTEGERS,
    "positiveInt": INTEGERS,
    "unsignedInt": INTEGERS,
}
DIVS = st.sampled_from(
    [
        '<div xmlns="http://www.w3.org/1999/xhtml">Anna &amp; <b>Maria</b><br/></div>',
        "<div lang='sv' xmlns='http://www.w3.org/1999/xhtml'>å\r\n<!-- > --><![CDATA[</div>]]></div>",
        '<div xmlns="http://www.w3.org/1999/xhtml" title="a > b"><p>\t1 > 0 &#160;</p></div >',
        '<div xmlns="http://www.w3.org/1999/xhtml"/>',
    ]
)


def resources(definitions: Definitions) -> st.SearchStrategy[dict[str, Any]]:
    """Give resources of all types, with what XML makes hard; not all are valid."""

    @st.composite
    def made(draw: Draw) -> dict[str, Any]:
        return _Maker(definitions, draw).resource(
            draw(st.sampled_from(definitions.resource_types)), 0
        )

    return made()


class _Maker:
    def __init__(self, definitions: Definitions, draw: Draw) -> None:
        self._definitions = definitions
        self._draw = draw

    def resource(self, type_: str, depth: int) -> dict[str, Any]:
        return {"resourceType": type_, **self._object(type_, depth)}

    def _object(self, path: str, depth: int) -> dict[str, Any]:
        elements = list(self._definitions.children(path).values())
        most = 4 if depth < 3 else 1
        chosen = self._draw(
            st.lists(st.sampled_from(elements), max_size=most, unique_by=lambda e: e.name)
        )
        made: dict[str, Any] = {}
        for element in chosen:
            if depth < 4 or self._is_plain(element):
                self._add(made, path, element, depth)
        return made

    def _is_plain(self, element: Element) -> bool:
        return all(self._definitions.is_primitive(t.code) for t in element.types) and bool(
            element.types
        )

    def _add(self, made: dict[str, Any], path: str, element: Element, depth: int) -> None:
        name, type_ref = self._draw(st.sampled_from(list(element.properties().items())))
        if type_ref.code == "xhtml":
            made[name] = self._draw(DIVS)
        elif self._definitions.is_primitive(type_ref.code):
            values = VALUES.get(type_ref.code, TEXT)
            self._add_primitive(made, name, values, element, depth)
        else:
            count = self._draw(st.integers(1, 2)) if element.is_array else 1
            items = [self._complex(element, type_ref.code, depth) for _ in range(count)]
            items = [item for item in items if item]
            if items:
                made[name] = items if element.is_array else items[0]

    def _complex(self, element: Element, code: str, depth: int) -> dict[str, Any]:
        if code == "Resource":
            return self.resource(
                self._draw(st.sampled_from(("Patient", "Basic", "CareTeam"))), depth + 1
            )
        if element.content_reference:
            return self._object(element.content_reference, depth + 1)
        return self._object(
            element.path if code in ("BackboneElement", "Element") else code, depth + 1
        )

    def _add_primitive(
        self, made: dict[str, Any], name: str, values: Any, element: Element, depth: int
    ) -> None:
        extended = depth < 4 and name not in ("id", "url") and self._draw(st.booleans())
        if not extended:
            made[name] = [self._draw(values)] if element.is_array else self._draw(values)
            return
        beside = {"id": "p1", "extension": [{"url": "http://e.org/x", "valueCode": "c"}]}
        if not element.is_array:
            made[f"_{name}"] = beside
            if self._draw(st.booleans()):
                made[name] = self._draw(values)
            return
        pairs = self._draw(
            st.lists(st.sampled_from(("value", "extension", "both")), min_size=1, max_size=3)
        )
        if any(kind != "extension" for kind in pairs):
            made[name] = [None if kind == "extension" else self._draw(values) for kind in pairs]
        if any(kind != "value" for kind in pairs):
            made[f"_{name}"] = [None if kind == "value" else beside for kind in pairs]
