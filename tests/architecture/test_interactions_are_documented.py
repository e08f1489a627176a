"""Every interaction that the server answers has a page, and no page promises another."""

from __future__ import annotations

from fhir_server.resources.resource_type import ALL_INTERACTIONS
from tests.architecture.source_tree import DOCS, PACKAGE

# R4's verbs (http.html); a module of interactions/ with such a name carries one out.
VERBS = {
    "batch",
    "capabilities",
    "create",
    "delete",
    "history",
    "patch",
    "read",
    "search",
    "transaction",
    "update",
    "vread",
}


def answered() -> set[str]:
    """Give the verbs that types are declared with or that a module carries out."""
    declared = {code.partition("-")[0] for code in ALL_INTERACTIONS}
    return declared | ({path.stem for path in (PACKAGE / "interactions").glob("*.py")} & VERBS)


def differences(verbs: set[str], pages: set[str]) -> list[str]:
    return [
        *(f"{verb} has no page" for verb in sorted(verbs - pages)),
        *(f"the page {page} is about no interaction" for page in sorted(pages - verbs)),
    ]


def test_every_interaction_has_its_page() -> None:
    pages = {path.stem for path in (DOCS / "interactions").glob("*.md")} - {"README"}
    assert differences(answered(), pages) == []


def test_a_missing_and_an_empty_promise_are_found() -> None:
    assert differences({"read", "patch"}, {"read", "graphql"}) == [
        "patch has no page",
        "the page graphql is about no interaction",
    ]


def test_every_page_names_the_section_of_the_specification() -> None:
    pages = sorted((DOCS / "interactions").glob("*.md"))
    silent = [p.stem for p in pages if "https://hl7.org/fhir/R4/" not in p.read_text("utf-8")]
    assert silent == []
