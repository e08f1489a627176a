"""What goes wrong with an expression, when it is read or when it is evaluated."""

from __future__ import annotations


class FhirPathError(ValueError):
    """The expression can't be read, does not fit its context, or can't be evaluated.

    Args:
        text: what is wrong, fit for whoever wrote the expression; never a value of the data.
        position: where in the expression, counted from 0; None where no place is to blame.
    """

    def __init__(self, text: str, position: int | None = None) -> None:
        super().__init__(text if position is None else f"{text} (at character {position + 1})")
        self.text = str(self)
        self.position = position
