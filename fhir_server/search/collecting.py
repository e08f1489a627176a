"""Where the index entries of one resource are gathered while it is walked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

Value = Any
# A range, for a quantity followed by system|code, code and unit.
Found = tuple[str, ...]


@dataclass(slots=True)
class Collector:
    """What one resource says, by parameter; tokens in a dict to be unique and keep their order.

    Args:
        resource: where references to contained resources are looked up.
        zone: what dates without a zone are local to.
        base_url: the server's own address.
        tokens: what is looked up by equality or by prefix.
        texts: by parameter, its strings as `tokens.text_entry` spells them.
        ranges: by parameter, its ranges.
        pairs: by composite parameter, its ranges with the token they belong to.
        words: texts to be read, in a dict as tokens are.
        position: longitude and latitude.
        codes: each code as ``=code`` and as ``;system|code`` (empty for one that can't have a
            system); None where nobody asks, as only composites do.
    """

    resource: Value
    zone: ZoneInfo
    base_url: str
    tokens: dict[str, None] = field(default_factory=dict)
    texts: dict[str, set[str]] = field(default_factory=dict)
    ranges: dict[str, set[Found]] = field(default_factory=dict)
    pairs: dict[str, set[Found]] = field(default_factory=dict)
    words: dict[str, None] = field(default_factory=dict)
    position: tuple[float, float] | None = None
    codes: list[tuple[str, str]] | None = None

    def add(self, *found: str) -> None:
        """Take tokens."""
        for token in found:
            self.tokens[token] = None

    def code(self, name: str, spelled: str, coded: str = "") -> None:
        """Take a code, alone and with its system."""
        self.tokens[name + spelled] = None
        if coded:
            self.tokens[name + coded] = None
        if self.codes is not None:
            self.codes.append((spelled, coded))

    def text(self, name: str, spelled: str) -> None:
        """Take a string of a parameter."""
        known = self.texts.get(name)
        if known is None:
            self.texts[name] = {spelled}
        else:
            known.add(spelled)

    def range(self, name: str, found: Found) -> None:
        """Take a range of a parameter."""
        known = self.ranges.get(name)
        if known is None:
            self.ranges[name] = {found}
        else:
            known.add(found)

    def inner(self) -> Collector:
        """Give an empty collector for the parts of a composite's value."""
        return Collector(self.resource, self.zone, self.base_url, codes=[])


Emit = Callable[[str, Value, Collector], None]  # (the parameter's token prefix, value, into)
