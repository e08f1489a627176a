"""Documents in PDF: what is in them, whatever the data are."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pypdf import PdfReader

from fhir_server.pages import paper

CARD: dict[str, Any] = {
    "holder": {"name": "Åsa Öberg", "birth": "2 februari 1990"},
    "printed": "27 november 2026",
    "contacts": [],
    "declined": [],
    "rights": [],
    "outside_hours": [{"text": "Ring "}, {"text": "1177", "href": "tel:1177"}],
    "emergency": [{"text": "Ring 112.", "href": ""}],
}
CARD["outside_hours"][0]["href"] = ""


def reader(**holder: str) -> PdfReader:
    content = CARD | {"holder": CARD["holder"] | holder}
    return PdfReader(io.BytesIO(paper.document("card.typ", content)))


def text(pdf: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def test_a_document_is_tagged_for_screen_readers_in_swedish() -> None:
    """R11: PDF/UA-1 says that it is tagged, what its title is and which language it is in."""
    pdf = reader()
    root = pdf.root_object
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - pypdf's own boolean
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "sv-SE"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Mina kontakter i vården"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()


def test_letters_of_swedish_and_of_many_names_are_drawn() -> None:
    for name in (
        "Åsa Ärlig Öberg",
        "Zoë Đặng Łukasz İbrahim",
        "Альбертина",
        "Ελένη",
        "Đorđe Çelik",
    ):
        assert name in text(reader(name=name))


def test_what_no_font_has_is_replaced_and_said() -> None:
    """Never silently: the card says that something is missing, and where to see it."""
    shown = text(reader(name="Anna \U00013000 \ue000"))
    assert "Anna □ □" in shown
    assert "Några tecken finns inte i skriften och är ersatta med □." in shown
    assert "ersatta" not in text(reader())


def test_everything_said_to_be_drawn_is_drawn() -> None:
    """What `_UNDRAWN` keeps must not fail a second time."""
    kept = [chr(code) for code in range(0x20, 0x2100) if not paper._UNDRAWN.match(chr(code))]
    assert len(kept) > 1000
    paper._compiled("card.typ", paper_data("".join(kept)))


def paper_data(name: str) -> str:
    import json

    return json.dumps(CARD | {"holder": {"name": name, "birth": ""}, "replaced": False})


def test_a_word_longer_than_a_line_goes_on_in_the_next() -> None:
    """Else it would run off the paper, and its end with it."""
    pdf = reader(name="Anna " + "x" * 200)
    lines = [line.strip() for line in pdf.pages[0].extract_text().splitlines()]
    widest = max(line.count("x") for line in lines)
    assert 20 < widest < 80
    assert text(pdf).count("x") == 200


@pytest.mark.parametrize(
    "name",
    [
        '#link("https://evil.example")[klicka]',
        '#read("/etc/passwd") $x^2$ *fet* = Rubrik',
        '"); #panic("x")',
        "<script>alert(1)</script> \\ ] ) }",
        "rad ett\nrad två",
    ],
)
def test_a_name_is_shown_and_never_carried_out(name: str) -> None:
    pdf = reader(name=name)
    assert " ".join(name.split()) in text(pdf)
    assert links(pdf) == ["tel:1177"]


def links(pdf: PdfReader) -> list[str]:
    """Give where the links of a document lead."""
    annotations = [a.get_object() for page in pdf.pages for a in page.get("/Annots", [])]
    return [str(a["/A"]["/URI"]) for a in annotations if "/A" in a]
