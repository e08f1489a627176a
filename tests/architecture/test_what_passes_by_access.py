"""Who may read past what a principal sees: few, and each for a purpose that is written down."""

from __future__ import annotations

import ast

from tests.architecture.source_tree import ROOT

# By method of the guarded store: who may call it.
CALLERS = {
    # What a person's consent hands out of another's plan, cut to it (R78, R94).
    "disclosing": {"operations/sip/disclosures.py"},
    # What the person has said decides, whoever wrote it down; and whether a reference that stood
    # there before still leads on.
    "deciding": {"operations/sip/disclosures.py", "interactions/integrity.py"},
}


def test_only_those_who_cut_read_what_others_know() -> None:
    """R111: no other code reads past the guarded store."""
    found: dict[str, set[str]] = {name: set() for name in CALLERS}
    package = ROOT / "fhir_server"
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if (
                isinstance(called, ast.Attribute)
                and called.attr in CALLERS
                and isinstance(called.value, ast.Attribute)
                and called.value.attr == "store"
            ):
                found[called.attr].add(str(path.relative_to(package)))
    assert found == CALLERS
