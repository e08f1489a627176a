"""Mutated examples: no exception escapes, and what is accepted stays so after its round trips.

`tools.fuzz_validator` does the same with as many as one likes (acceptance 6 of issue 4).
"""

from __future__ import annotations

import pytest

from tools.fuzz_validator import Fuzzer

CASES = 500


@pytest.mark.timeout(300)
def test_mutated_examples_are_accepted_for_good_or_refused() -> None:
    fuzzer = Fuzzer(seed=4)
    for number in range(CASES):
        fuzzer.validate(number)
    found = fuzzer.findings
    assert found.wrong == []
    assert found.accepted > CASES / 10
    assert sum(found.refused.values()) > CASES / 10
