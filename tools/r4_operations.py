"""The OperationDefinitions of R4 that the server offers."""

from __future__ import annotations

from tools.r4_package import Json, Package

# By id; whether the operation changes something. R4's definitions leave that out
# (affectsState), and then a GET would have to be refused of all.
OFFERED = {
    "CodeSystem-lookup": False,
    "CodeSystem-subsumes": False,
    "CodeSystem-validate-code": False,
    "Composition-document": False,
    "ConceptMap-translate": False,
    "Encounter-everything": False,
    "Patient-everything": False,
    "Resource-graphql": False,
    "Resource-meta": False,
    "Resource-meta-add": True,
    "Resource-meta-delete": True,
    "Resource-validate": False,
    "ValueSet-expand": False,
    "ValueSet-validate-code": False,
}
# What a reader of the definition needs and no more.
KEPT = (
    "resourceType", "id", "url", "version", "name", "title", "status", "kind", "description",
    "code", "comment", "resource", "system", "type", "instance", "parameter",
)  # fmt: skip


def operations(package: Package) -> dict[str, Json]:
    """Give the OperationDefinitions by id.

    Raises:
        SystemExit: the package lacks one.
    """
    found = {
        definition["id"]: _offered(definition)
        for definition in package.resources("OperationDefinition")
        if definition["id"] in OFFERED
    }
    missing = sorted(OFFERED.keys() - found.keys())
    if missing:
        raise SystemExit(f"The package has no OperationDefinition {', '.join(missing)}.")
    return found


# Everything about every patient is what bulk export is for; Composition/$document without an id
# would need a parameter that R4 only describes.
INSTANCE_ONLY = ("Patient-everything", "Composition-document")


def _offered(definition: Json) -> Json:
    kept = {key: definition[key] for key in KEPT if key in definition}
    if definition["id"] in INSTANCE_ONLY:
        kept["type"] = False
    return {**kept, "affectsState": OFFERED[definition["id"]]}
