"""What a form is made of: numbered sections of fields, choices, tables and space to write.

One value for both the page and the document; its texts are ready to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """Something to fill in.

    Args:
        label: what is asked for.
        value: what is known; empty for a line to write on.
        lines: how many lines to write on where nothing is known.
        wide: whether it takes the whole width.
    """

    label: str
    value: str = ""
    lines: int = 1
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer to tick."""

    text: str
    ticked: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Args:
        heading: what it holds.
        width: of 12, all columns together.
    """

    heading: str
    width: int


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a section.

    Args:
        kind: ``fields``, ``choices``, ``table``, ``text`` or ``list``.
        label: what it is; empty where the section says it.
        fields: of ``fields``.
        choices: of ``choices``.
        columns: of ``table``.
        rows: of ``table``; those with empty cells are to write in.
        paragraphs: of ``text`` and ``list``.
        lines: to write on, below ``text`` and ``list``.
    """

    kind: str
    label: str = ""
    fields: tuple[Field, ...] = ()
    choices: tuple[Choice, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    paragraphs: tuple[str, ...] = ()
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section.

    Args:
        number: from 1.
        heading: what it is about.
        hint: how to fill it in, in plain words; empty for nothing.
        blocks: what it holds.
    """

    number: int
    heading: str
    hint: str
    blocks: tuple[Block, ...]


def fields(*given: Field, label: str = "") -> Block:
    """Give fields side by side."""
    return Block("fields", label, fields=given)


def choices(label: str, *given: Choice) -> Block:
    """Give answers to tick."""
    return Block("choices", label, choices=given)


def table(
    columns: Sequence[tuple[str, int]],
    rows: Sequence[Sequence[str]],
    empty: int,
    *,
    label: str = "",
) -> Block:
    """Give a table with rows to write in below those that are known.

    Args:
        columns: heading and width of 12.
        rows: what is known.
        empty: how many rows to write in.
        label: what it is.
    """
    blank = ("",) * len(columns)
    known = tuple(tuple(row) for row in rows)
    return Block(
        "table",
        label,
        columns=tuple(Column(*each) for each in columns),
        rows=(*known, *(blank for _ in range(empty))),
    )


def written(label: str, paragraphs: Sequence[str], lines: int) -> Block:
    """Give a text, or lines to write it on."""
    known = tuple(filter(None, paragraphs))
    return Block("text", label, paragraphs=known, lines=0 if known else lines)


def listed(label: str, points: Sequence[str], lines: int) -> Block:
    """Give a list with lines to go on with."""
    return Block("list", label, paragraphs=tuple(points), lines=lines)
