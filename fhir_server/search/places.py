"""Where Locations are: ``near``.

Source: https://hl7.org/fhir/R4/location.html#search (near)
"""

from __future__ import annotations

from decimal import Decimal

from fhir_server.fhir import units
from fhir_server.search import ranges
from fhir_server.search.asked import Asked
from fhir_server.search.query import Criterion, Near
from fhir_server.search.syntax import split, unescape

# Where no distance is given, which R4 leaves to the server.
DEFAULT_KILOMETRES = 10.0

# Half the circumference: no place is farther away.
FARTHEST_KILOMETRES = 20_038.0


def near_criterion(asked: Asked, text: str) -> Criterion:
    """Read ``latitude|longitude|distance|unit``; the last two may be left out."""
    parts = [unescape(part).strip() for part in split(text, "|")]
    if not 2 <= len(parts) <= 4:
        raise asked.refused("the value has the form latitude|longitude|distance|unit.")
    latitude, longitude = (_number(asked, part) for part in parts[:2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise asked.refused("a latitude is from -90 to 90, a longitude from -180 to 180.")
    return Near(float(longitude), float(latitude), _kilometres(asked, *parts[2:]))


def _kilometres(asked: Asked, distance: str = "", unit: str = "") -> float:
    if not distance:
        return DEFAULT_KILOMETRES
    number = _number(asked, distance)
    scale = units.scale(unit) if unit else None
    metres = scale.convert(number) if scale and scale.unit == "m" else None
    if unit and metres is None:
        raise asked.refused("the unit must be a UCUM length, such as km, m or [mi_i].")
    kilometres = float(number if metres is None else metres / 1000)
    if kilometres < 0:
        raise asked.refused("the distance must not be negative.")
    return min(kilometres, FARTHEST_KILOMETRES)


def _number(asked: Asked, text: str) -> Decimal:
    try:
        return ranges.number(text)
    except ValueError:
        raise asked.refused(
            "latitude, longitude and distance are decimal numbers, such as 59.33|18.07|5|km."
        ) from None
