"""Routes whose addresses are compiled when one is first built, which this server seldom does.

werkzeug compiles two functions for each rule that build its address. With six hundred routes that
is most of what making the application costs, in each worker; requests are only matched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """A rule that compiles what builds its address at the first use."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, *args: Any, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(super(LazyRule, self)._compile_builder(append_unknown))
            return compiled[0](rule, *args, **values)

        return build
