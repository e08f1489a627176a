"""Derives the search parameters by resource type, and the compartments."""

from __future__ import annotations

from fhir_server.profiles.search_expressions import expression_for
from tools.r4_package import VERSION, Json, Package


def search_parameters(package: Package) -> Json:
    """Give the search parameters by base type and code, each with that base's own expression."""
    table: Json = {}
    for parameter in package.resources("SearchParameter"):
        if not _belongs_to_core(parameter):
            continue
        for base in parameter["base"]:
            table.setdefault(base, {})[parameter["code"]] = _parameter(parameter, base)
    return table


def compartments(package: Package) -> Json:
    """Give, by compartment, the parameters that make a resource a member of it."""
    return {
        compartment["code"]: {
            "url": compartment["url"],
            "resources": {r["code"]: r["param"] for r in compartment["resource"] if "param" in r},
        }
        for compartment in package.resources("CompartmentDefinition")
        if compartment.get("version") == VERSION
    }


def _belongs_to_core(parameter: Json) -> bool:
    """Tell R4's own parameters from those of extensions and from examples."""
    if parameter.get("version") != VERSION or "base" not in parameter:
        return False
    expression = parameter.get("expression")
    if not expression:
        return parameter["base"] in (["Resource"], ["DomainResource"])
    return "xtension(" not in expression


def _parameter(parameter: Json, base: str) -> Json:
    table: Json = {
        "url": parameter["url"],
        "type": parameter["type"],
        "expression": _expression_of(parameter.get("expression", ""), base),
    }
    if "target" in parameter:
        table["targets"] = sorted(parameter["target"])
    if "component" in parameter:
        table["components"] = [
            {"definition": c["definition"], "expression": c["expression"]}
            for c in parameter["component"]
        ]
    return table


def _expression_of(expression: str, base: str) -> str:
    own = expression_for(base, expression)
    if expression and not own:
        raise SystemExit(f"No part of {expression!r} applies to {base}")
    return own
