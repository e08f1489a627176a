"""The hash chain."""

from __future__ import annotations

import pytest

from fhir_server.security.audit.chain import Record, Seal


def test_a_hash_depends_on_predecessor_number_body_and_key() -> None:
    seal = Seal(b"k" * 32)
    hashes = {
        seal.record("a", 1, b"x"),
        seal.record("b", 1, b"x"),
        seal.record("a", 2, b"x"),
        seal.record("a", 1, b"y"),
        Seal(b"l" * 32).record("a", 1, b"x"),
        Seal().record("a", 1, b"x"),
    }
    assert len(hashes) == 6


def test_what_is_hashed_can_not_be_divided_otherwise() -> None:
    seal = Seal()
    assert seal.record("ab", 1, b"c") != seal.record("a", 1, b"bc")
    assert seal.genesis("x") != seal.register("", "x")


def test_a_record_is_read_as_it_was_written() -> None:
    record = Record(7, "ab", '{"text": "två ord"}'.encode())
    assert Record.read(record.line()) == record


@pytest.mark.parametrize("line", [b"", b"\n", b"7 ab\n", b"x ab {}\n", b"\0\0\0\n"])
def test_what_is_no_record_is_not_read(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which of them is no matter
        Record.read(line)
