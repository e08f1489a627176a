"""Values of FHIRPath patches: between parts of Parameters and FHIR JSON.

    {"name": "value", "valueDate": "1890-02-02"}                     a type that Parameters carry
    {"name": "value", "part": [{"name": "gender", "valueCode": …}]}  any other, part by part
    {"name": "value", "resource": {…}}                               a contained resource

Source: https://hl7.org/fhir/R4/fhirpatch.html#format
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_server.interactions.patches.refusals import Unfit
from fhir_server.interactions.patches.slots import Held, Pair, held, hold
from fhir_server.profiles.definitions import Definitions, Element

Part = dict[str, Any]


class Values:
    """Reads and writes values.

    Args:
        definitions: what types have which elements.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        open_type = definitions.children("Parameters.parameter")["value"]
        self._codes = {name: type_.code for name, type_ in open_type.properties().items()}
        self._properties = {code: name for name, code in self._codes.items()}

    def read(self, element: Element, part: Part) -> Held:
        """Give what an element is to hold: one value of a type that it may have.

        Raises:
            Unfit: the value is of another type, or missing.
        """
        types = {type_.code: name for name, type_ in element.properties().items()}
        if "resource" in part and "Resource" in types:
            return Held(types["Resource"], [(part["resource"], None)])
        if "part" in part and len(types) == 1 and not self._definitions.is_primitive(*types):
            (name,) = types.values()
            return Held(name, [(self._object(element.path, part["part"]), None)])
        given = self._given(part)
        code = self._codes.get(given)
        # Parameters carry no xhtml, so the narrative's div comes as a string.
        wanted = "xhtml" if code == "string" and "xhtml" in types else code
        if wanted not in types:
            raise Unfit(f"{element.name} takes {self._choices(types)}, not {given or 'no value'}.")
        return Held(types[wanted], [(part.get(given), part.get(f"_{given}"))])

    def write(self, name: str, element: Element, property_: str, pair: Pair) -> Part:
        """Give the part that carries a value; what `read` makes of it is the same."""
        code = element.properties()[property_].code
        value, beside = pair
        if code == "Resource":
            return {"name": name, "resource": value}
        given = self._properties.get("string" if code == "xhtml" else code)
        if given is None:
            parts = list(self._parts(code if element.is_choice else element.path, value))
            return {"name": name, "part": parts}
        part = {"name": name}
        if value is not None:
            part[given] = value
        if beside is not None:
            part[f"_{given}"] = beside
        return part

    def _given(self, part: Part) -> str:
        keys = (key.removeprefix("_") for key in part)
        return next((key for key in keys if key in self._codes), "")

    def _choices(self, types: dict[str, str]) -> str:
        codes = ("string" if code == "xhtml" else code for code in types)
        named = [self._properties.get(code, "part") for code in codes]
        return "resource" if "Resource" in types else " or ".join(sorted(set(named)))

    def _object(self, type_: str, parts: list[Part]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        elements = self._definitions.children(type_)
        for part in parts:
            element = elements.get(part["name"])
            if element is None:
                raise Unfit(f"{type_} has no element {part['name'][:64]!r}.")
            before, new = held(made, element), self.read(element, part)
            if before is not None and not element.is_array:
                raise Unfit(f"{element.path} may be given once only.")
            earlier = before.pairs if before is not None else []
            hold(made, element, Held(new.property, [*earlier, *new.pairs]))
        return made

    def _parts(self, type_: str, value: dict[str, Any]) -> Iterator[Part]:
        for element in self._definitions.children(type_).values():
            content = held(value, element)
            for pair in content.pairs if content is not None else ():
                assert content is not None  # noqa: S101 - it has pairs
                yield self.write(element.name, element, content.property, pair)
