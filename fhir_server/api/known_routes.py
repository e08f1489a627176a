"""Finds the route of an address of a known shape without a walk through all routes.

Werkzeug tries an address piece by piece against the words and the patterns of six hundred routes.
Here its answer is remembered for the shape of the address: which of its pieces are words of some
route, and which could only be values. ``/fhir/CarePlan/a`` and ``/fhir/CarePlan/b`` have the same
shape, and so the same route. All that has another form, or no route, is left to Werkzeug.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from werkzeug.routing import Map, MapAdapter, Rule

# One piece that every converter takes as it is and that holds nothing to decode. The converters
# tell what begins with another character (`_`, `$`, `*`) from values; so these are left out.
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")
# A name that Werkzeug takes for a host, and that can be written in IDNA. Others have no routes.
_HOST = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){0,9}[A-Za-z0-9-]{1,63}(?::[1-9][0-9]{0,3})?")
_VARIABLE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
_MOST_SHAPES = 5000

Shape = tuple[str, tuple[str | None, ...]]
Found = tuple[Rule, Mapping[str, Any]]
# Where in an address the variables of a rule stand, by name.
Places = tuple[tuple[str, int], ...]


class KnownRoutes:
    """The shapes of addresses that one application has answered.

    Args:
        routes: of the application; complete before the first request.
    """

    def __init__(self, routes: Map) -> None:
        self._routes = routes
        self._words: frozenset[str] | None = None
        self._known: dict[Shape, tuple[Rule, Places]] = {}

    def shape(self, method: str, host: str, path: str) -> Shape | None:
        """Give the shape of what a request asks for; None where only Werkzeug can tell."""
        if not _HOST.fullmatch(host):
            return None
        words = self._words
        if words is None:
            words = self._words = _words(self._routes)
        pieces: list[str | None] = []
        for piece in path.split("/"):
            if piece in words:
                pieces.append(piece)
            elif _VALUE.fullmatch(piece):
                pieces.append(None)
            else:
                return None
        return method, tuple(pieces)

    def find(self, shape: Shape, path: str) -> Found | None:
        """Give the rule of an address and the values in it; None where it is not known yet."""
        known = self._known.get(shape)
        if known is None:
            return None
        rule, places = known
        pieces = path.split("/")
        return rule, {name: pieces[at] for name, at in places}

    def learn(self, shape: Shape, path: str, found: Found) -> None:
        """Remember what Werkzeug found, if it is certain that others of the shape are alike."""
        rule, values = found
        pieces = path.split("/")
        places = _places(rule)
        alike = {name: pieces[at] for name, at in places if at < len(pieces)} == values
        if alike and len(self._known) < _MOST_SHAPES and rule.rule.count("/") == path.count("/"):
            self._known[shape] = rule, places


class Adapter(MapAdapter):
    """What Flask asks for the route of a request; Werkzeug's own is made where it is needed.

    Args:
        known: the shapes that are known.
        environ: of the request.
        make: gives Werkzeug's own.
    """

    def __init__(
        self, known: KnownRoutes, environ: dict[str, Any], make: Callable[[], MapAdapter]
    ) -> None:
        # Without that of Werkzeug's: what it sets is there once `_own` was asked for.
        self._known = known
        self._environ = environ
        self._make = make
        self._made: MapAdapter | None = None

    @property
    def _own(self) -> MapAdapter:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._own, name)

    # The only call that Flask makes for a request.
    def match(  # type: ignore[override]
        self, *, return_rule: Literal[True] = True
    ) -> Found:
        """Give the rule and the values in the address.

        Raises:
            HTTPException: there is no route, or none for the method.
        """
        environ = self._environ
        path = environ.get("PATH_INFO", "")
        shape = None
        if not environ.get("SCRIPT_NAME") and "HTTP_UPGRADE" not in environ:
            method, host = environ["REQUEST_METHOD"], environ.get("HTTP_HOST", "")
            shape = self._known.shape(method, host, path)
        if shape is None:
            return self._own.match(return_rule=return_rule)
        found = self._known.find(shape, path)
        if found is None:
            found = self._own.match(return_rule=return_rule)
            self._known.learn(shape, path, found)
        return found

    def allowed_methods(self, path_info: str | None = None) -> Any:
        """Give the methods that the address answers."""
        return self._own.allowed_methods(path_info)

    def build(self, *args: Any, **values: Any) -> str:
        """Give the address of an endpoint."""
        return self._own.build(*args, **values)


def _words(routes: Map) -> frozenset[str]:
    """Give all pieces of routes that are no variables; the first of each is empty."""
    pieces = {piece for rule in routes.iter_rules() for piece in rule.rule.split("/")}
    return frozenset(piece for piece in pieces if "<" not in piece)


def _places(rule: Rule) -> Places:
    found = []
    for at, piece in enumerate(rule.rule.split("/")):
        if "<" in piece:
            match = _VARIABLE.fullmatch(piece)
            if match is None:
                return (("", 0),)  # more than a variable: no values are like this
            found.append((match[1], at))
    return tuple(found)
