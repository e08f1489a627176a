"""What is kept of what was read."""

from __future__ import annotations

from fhir_server.terminology.bounded import Bounded


def kept(memory: Bounded[str, str], *keys: str) -> list[str]:
    """Ask for values, and give those that had to be made."""
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key

    for key in keys:
        assert memory.get(key, lambda key=key: make(key)) == key
    return made


def test_what_was_used_last_is_kept_up_to_a_weight() -> None:
    memory: Bounded[str, str] = Bounded(6, len)
    assert kept(memory, "aaa", "bbb", "aaa", "cc") == ["aaa", "bbb", "cc"]
    assert kept(memory, "aaa", "cc") == []
    assert kept(memory, "bbb") == ["bbb"]
    assert memory.weight <= 6


def test_a_single_value_may_be_heavier() -> None:
    memory: Bounded[str, str] = Bounded(3, len)
    assert kept(memory, "aaaaaa", "aaaaaa") == ["aaaaaa"]
    assert kept(memory, "b", "aaaaaa") == ["b", "aaaaaa"]
