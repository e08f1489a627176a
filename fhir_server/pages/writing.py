"""A written document for a person: sections of a few kinds of blocks, ready to be shown.

One value for the page, the PDF and the narrative of a FHIR document, so that none of them says
what another does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_server import swedish
from fhir_server.swedish import Piece

Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A fact: a label, and what it is.

    Args:
        label: Vem.
        pieces: the text; telephone numbers are links.
    """

    label: str
    pieces: Pieces


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a section.

    Args:
        kind: ``text``, ``quote``, ``notice``, ``bullets``, ``people``, ``facts``, ``entry``,
            ``heading`` or ``lines`` (to write on).
        title: of an entry or heading.
        about: under the title of an entry.
        pieces: of a text, quote or notice.
        rows: of facts, of an entry; of lines, their labels.
        items: of bullets; of people, one for each, the name first.
    """

    kind: str
    title: str = ""
    about: str = ""
    pieces: Pieces = ()
    rows: tuple[Row, ...] = ()
    items: tuple[Pieces, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A section with a heading.

    Args:
        key: its name in addresses; unique in the document.
        title: its heading.
        blocks: what it says.
        tone: ``own`` for the person's own words, ``lead`` for what matters most, ``urgent`` for
            what to do in danger; else empty.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Writing:
    """A whole document.

    Args:
        title: what it is.
        holder: whose it is; empty where that is not printed.
        about: beside the name: the identity number.
        notices: what a reader must know first.
        state: whether it is in force, and since when.
        sections: in order; those without blocks are left out.
        made: when it was made, in words.
    """

    title: str
    holder: str
    about: str
    notices: tuple[str, ...]
    state: str
    sections: tuple[Section, ...]
    made: str


def text(words: str) -> Block:
    """Give a paragraph."""
    return Block("text", pieces=swedish.pieces(words))


def numbered(words: str) -> Block:
    """Give a paragraph in which also 112 and 1177 are telephone numbers."""
    return Block("text", pieces=swedish.pieces(words, short=True))


def quote(words: str) -> Block:
    """Give somebody's own words."""
    return Block("quote", pieces=swedish.pieces(words))


def notice(words: str) -> Block:
    """Give a sentence that must not be missed."""
    return Block("notice", pieces=swedish.pieces(words))


def heading(words: str) -> Block:
    """Give a heading inside a section."""
    return Block("heading", title=words)


def bullets(lines: Iterable[str]) -> Block:
    """Give a list."""
    return Block("bullets", items=tuple(swedish.pieces(line) for line in lines))


def people(each: Iterable[Pieces]) -> Block:
    """Give a list of people and how to reach them."""
    return Block("people", items=tuple(each))


def facts(*rows: Row | None) -> Block:
    """Give facts; None leaves one out."""
    return Block("facts", rows=tuple(row for row in rows if row))


def entry(title: str, about: str = "", *rows: Row | None) -> Block:
    """Give one of several things, with what is to be known of it; None leaves a row out."""
    return Block("entry", title=title, about=about, rows=tuple(row for row in rows if row))


def row(label: str, words: str) -> Row | None:
    """Give a fact; None where there are no words."""
    return Row(label, swedish.pieces(words)) if words.strip() else None


def lines(*labels: str) -> Block:
    """Give lines to write on."""
    return Block("lines", rows=tuple(Row(label, ()) for label in labels))


def section(key: str, title: str, *blocks: Block | None, tone: str = "") -> Section:
    """Give a section; None, and blocks with nothing in them, are left out."""
    return Section(key, title, tuple(block for block in blocks if block and _says(block)), tone)


def filled(sections: Iterable[Section]) -> tuple[Section, ...]:
    """Leave out the sections that say nothing."""
    return tuple(each for each in sections if each.blocks)


def _says(block: Block) -> bool:
    return bool(block.title or block.pieces or block.rows or block.items)
