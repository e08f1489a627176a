"""When values are equal, equivalent, or come one before the other.

The functions take self-describing values (`items`).

Source: http://hl7.org/fhirpath/N1/#equality, http://hl7.org/fhirpath/N1/#comparison
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from fhir_server.fhirpath import categories, quantities, temporal
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import Item, system
from fhir_server.fhirpath.numbers import number
from fhir_server.fhirpath.quantities import Quantity
from fhir_server.fhirpath.temporal import Temporal
from fhir_server.fhirpath.types import TypeInfo

_TRUTHS = {True: ("boolean", True), False: ("boolean", False)}


def key(item: Any) -> Hashable:
    """Give what two values share if they are equal, and only then.

    Dates of different precision, whose equality is open, have different keys.
    """
    value = system(item)
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return _TRUTHS[value]
    if kind is int or kind is Decimal or kind is float:
        return number(value)
    if isinstance(value, Temporal):
        return value.exact
    if isinstance(value, Quantity):
        return ("quantity", value.in_base_units())
    if value is None:
        return ("without value", frozen(item.extension))
    return frozen(value.value if kind is Item else value)


def keys_of(type_: TypeInfo | None) -> Any:
    """Give the function that makes keys of values of a type, `key` for self-describing ones."""
    if type_ is None or type_.category == categories.RESOURCE:
        return key
    if type_.is_system and type_.category == categories.STRING:
        return _same
    if type_.category == categories.STRING:
        return lambda value: value if type(value) is str else key(value)
    if type_.is_system:
        return key
    return lambda value: key(value if type(value) is Item else Item(value, type_))


def _same(value: Any) -> Any:
    return value


def frozen(value: Any) -> Hashable:
    """Give JSON as something hashable; numbers that are equal stay so."""
    if isinstance(value, Mapping):
        return frozenset((name, frozen(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(frozen(inner) for inner in value)
    if isinstance(value, bool):
        return _TRUTHS[value]
    if isinstance(value, str) or value is None:
        return value
    return number(value)


def equal(left: Sequence[Any], right: Sequence[Any]) -> bool | None:
    """Compare collections by ``=``; None for empty."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    found: bool | None = True
    for one, other in zip(left, right, strict=True):
        same = equal_items(one, other)
        if same is False:
            return False
        found = found and same
    return found


def equal_items(one: Any, other: Any) -> bool | None:
    """Compare values by ``=``; None where precision leaves it open, or one has no value."""
    left, right = system(one), system(other)
    if left is None or right is None:
        return None
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        if (left.kind == "time") is not (right.kind == "time"):
            return False
        order = temporal.compare(left, right)
        return None if order is None else order == 0
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _equal_quantities(left, right)
    if isinstance(left, Quantity) and _is_number(right):
        return _equal_quantities(left, Quantity(right))
    if isinstance(right, Quantity) and _is_number(left):
        return _equal_quantities(Quantity(left), right)
    return key(left) == key(right)


def _equal_quantities(left: Quantity, right: Quantity) -> bool | None:
    order = quantities.compare(left, right)
    if order is None:
        # Calendar years beside UCUM's: neither equal nor unequal.
        return None if left.calendar is not right.calendar else False
    return order == 0


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is Decimal


def equivalent(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """Compare collections by ``~``: in any order, never empty."""
    if len(left) != len(right):
        return False
    if len(left) == 1:
        return equivalent_items(left[0], right[0])
    rest = list(right)
    for one in left:
        at = next((n for n, other in enumerate(rest) if equivalent_items(one, other)), None)
        if at is None:
            return False
        del rest[at]
    return True


def equivalent_items(one: Any, other: Any) -> bool:
    """Compare values by ``~``."""
    left, right = system(one), system(other)
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left) == _folded(right)
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        return left.kind == right.kind and left.exact == right.exact
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _equivalent_quantities(left, right)
    if _is_number(left) and _is_number(right):
        return equivalent_numbers(left, right)
    if isinstance(left, Item | Mapping) and isinstance(right, Item | Mapping):
        return _folded_json(_content(left)) == _folded_json(_content(right))
    return left is not None and right is not None and key(left) == key(right)


def _equivalent_quantities(left: Quantity, right: Quantity) -> bool:
    one, other = left.in_base_units(alike=True), right.in_base_units(alike=True)
    if one is None or other is None or one[0] != other[0]:
        return False
    if left.unit == right.unit:
        return equivalent_numbers(left.value, right.value)
    return one[1] == other[1]


def equivalent_numbers(left: int | Decimal, right: int | Decimal) -> bool:
    """Compare numbers, rounded to the lesser precision of the two; trailing zeros don't count."""
    digits = min(_digits(left), _digits(right))
    return round(Decimal(left), digits) == round(Decimal(right), digits)


def _digits(value: int | Decimal) -> int:
    if isinstance(value, int):
        return 0
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _content(value: Any) -> Any:
    return value.value if isinstance(value, Item) else value


def _folded_json(value: Any) -> Hashable:
    if isinstance(value, Mapping):
        return frozenset((name, _folded_json(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return frozenset(Counter(_folded_json(inner) for inner in value).items())
    return _folded(value) if isinstance(value, str) else frozen(value)


def order(one: Any, other: Any) -> int | None:
    """Order two values of FHIRPath's own types.

    Returns:
        Negative, zero, positive; None where precision or units leave it open.

    Raises:
        FhirPathError: they are not of kinds that have an order between them.
    """
    left, right = system(one), system(other)
    if left is None or right is None:
        return None
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        if (left.kind == "time") is (right.kind == "time"):
            return temporal.compare(left, right)
    elif isinstance(left, Quantity) or isinstance(right, Quantity):
        return _order_quantities(left, right)
    elif (isinstance(left, str) and isinstance(right, str)) or (
        _is_number(left) and _is_number(right)
    ):
        return int(left > right) - int(left < right)
    raise FhirPathError("Only numbers, strings, dates, times and quantities have an order, and "
                        "only among their own kind.")  # fmt: skip


def _order_quantities(left: Any, right: Any) -> int | None:
    one = Quantity(left) if _is_number(left) else left
    other = Quantity(right) if _is_number(right) else right
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return quantities.compare(one, other)
    if isinstance(one, Item | Quantity) and isinstance(other, Item | Quantity):
        return None  # a quantity without a value, or with a comparator
    raise FhirPathError("A quantity can be compared with a quantity only.")
