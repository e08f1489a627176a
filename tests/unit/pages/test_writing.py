"""Blocks of a written document, and the narrative made of them."""

from __future__ import annotations

from fhir_server.pages import writing
from fhir_server.pages.narrative import narrative


def test_a_section_leaves_out_what_says_nothing() -> None:
    made = writing.section(
        "a", "A", None, writing.text(""), writing.facts(writing.row("Vem", " ")), writing.text("x")
    )
    assert [block.kind for block in made.blocks] == ["text"]
    assert writing.filled([made, writing.section("b", "B")]) == (made,)


def test_numbers_are_links_and_short_ones_only_where_they_are_numbers() -> None:
    """R43: 112 may be a room."""
    assert [piece.href for piece in writing.text("Rum 112").pieces] == [""]
    assert "tel:112" in [piece.href for piece in writing.numbered("Ring 112.").pieces]


def test_the_narrative_is_escaped_and_says_every_block() -> None:
    """R81: what R4 allows in a narrative, and nothing of the data as markup."""
    blocks = [
        writing.text("<b>fet</b>"),
        writing.quote("Egna ord"),
        writing.heading("Rubrik"),
        writing.bullets(["ett", "två"]),
        writing.entry("Insats", "av vem", writing.row("Telefon", "063-000 00 01")),
    ]
    made = narrative(blocks)
    assert made["status"] == "generated"
    div = made["div"]
    assert div.startswith('<div xmlns="http://www.w3.org/1999/xhtml" lang="sv"')
    assert "&lt;b&gt;fet" in div
    for text in ("Egna ord", "<h3>Rubrik</h3>", "<li>två</li>", "<b>Insats</b>, av vem"):
        assert text in div
    assert 'Telefon: <a href="tel:+46630000001">063-000 00 01</a>' in div
