"""Derives the table of structures and the table of invariants."""

from __future__ import annotations

from tools.r4_package import FHIR_TYPE_EXTENSION, STRUCTURES, SYSTEM_TYPE_PREFIX, Json, Package


def structures(package: Package) -> Json:
    """Give each type with the elements it adds to its base type.

    Elements that a type inherits unchanged are left out; `Definitions.children` adds them again.
    """
    definitions = {s["type"]: s for s in package.base_structures()}
    table = {name: _structure(s, definitions) for name, s in definitions.items()}
    for profile in package.resources("StructureDefinition"):
        if profile["name"] in ("SimpleQuantity", "MoneyQuantity"):
            table[profile["name"]] = _constrained_quantity(profile)
    return table


def invariants(package: Package) -> Json:
    """Give the FHIRPath invariants by type and element, each where it is defined first."""
    table: Json = {}
    for structure in package.base_structures():
        for element in structure["snapshot"]["element"]:
            own = [_invariant(c) for c in element.get("constraint", []) if _is_own(c, element)]
            if own:
                table.setdefault(structure["type"], {})[element["path"]] = own
    return table


def _structure(structure: Json, definitions: dict[str, Json]) -> Json:
    base = structure.get("baseDefinition", "").removeprefix(STRUCTURES)
    inherited = _signatures(definitions[base]) if base else set()
    table: Json = {"kind": structure["kind"], "elements": []}
    if base:
        table["base"] = base
    if structure["abstract"]:
        table["abstract"] = True
    if structure["kind"] == "primitive-type":
        return table
    for element in structure["snapshot"]["element"][1:]:
        if _is_own_element(element, structure):
            table["elements"].append(_element(element, structure))
        elif element["path"].count(".") == 1 and _signature(element) not in inherited:
            raise SystemExit(f"{element['path']} differs from what it inherits")
    return table


def _constrained_quantity(profile: Json) -> Json:
    elements = profile["snapshot"]["element"]
    forbidden = [e["path"].partition(".")[2] for e in elements if e["max"] == "0"]
    return {
        "kind": "complex-type",
        "base": "Quantity",
        "profile": True,
        "elements": [{"path": f"{profile['name']}.{name}", "max": 0} for name in forbidden],
    }


def _is_own_element(element: Json, structure: Json) -> bool:
    """Tell whether the structure defines the element itself.

    An inline element repeats id, extension and modifierExtension of (Backbone)Element: their base
    path has another root.
    """
    root: str = element["base"]["path"].partition(".")[0]
    return bool(root == structure["type"])


def _signatures(structure: Json) -> set[str]:
    return {_signature(e) for e in structure["snapshot"]["element"][1:]}


def _signature(element: Json) -> str:
    name = element["path"].rpartition(".")[2]
    types = [_type(t, {"kind": ""}, name) for t in element.get("type", [])]
    return repr((name, element["min"], element["max"], types, element.get("isModifier")))


def _element(element: Json, structure: Json) -> Json:
    table: Json = {"path": element["path"]}
    if element["min"]:
        table["min"] = element["min"]
    if element["max"] != "1":
        table["max"] = None if element["max"] == "*" else int(element["max"])
    if "type" in element:
        table["types"] = [_type(t, structure, element["path"]) for t in element["type"]]
    if "binding" in element and "valueSet" in element["binding"]:
        value_set = element["binding"]["valueSet"].partition("|")[0]
        table["binding"] = {"strength": element["binding"]["strength"], "valueSet": value_set}
    if "contentReference" in element:
        table["contentReference"] = element["contentReference"].removeprefix("#")
    for key, flag in (("isSummary", "summary"), ("isModifier", "modifier")):
        if element.get(key):
            table[flag] = True
    return table


def _type(type_: Json, structure: Json, path: str) -> Json | str:
    code = _type_code(type_, structure, path)
    details: Json = {}
    if "targetProfile" in type_:
        details["targets"] = [u.removeprefix(STRUCTURES) for u in type_["targetProfile"]]
    if "profile" in type_:
        details["profiles"] = [u.removeprefix(STRUCTURES) for u in type_["profile"]]
    return {"code": code, **details} if details else code


def _type_code(type_: Json, structure: Json, path: str) -> str:
    code: str = type_["code"]
    if not code.startswith(SYSTEM_TYPE_PREFIX):
        return code
    if path == "Resource.id":
        # The definition says string; the specification's page on Resource says id.
        return "id"
    for extension in type_.get("extension", []):
        if extension["url"] == FHIR_TYPE_EXTENSION:
            return str(extension["valueUrl"])
    return code.removeprefix(SYSTEM_TYPE_PREFIX).lower()


def _is_own(constraint: Json, element: Json) -> bool:
    """Tell whether a constraint belongs here and not to the element's type or base type."""
    root = element["path"].partition(".")[0]
    owner: str = constraint.get("source", "").removeprefix(STRUCTURES) or root
    at_root = element["path"] == root
    return bool(owner == root and (at_root or constraint["key"] not in ("ele-1", "ext-1")))


def _invariant(constraint: Json) -> Json:
    return {key: constraint.get(key, "") for key in ("key", "severity", "human", "expression")}
