"""The Flask application, without what Flask does at each request for others than this server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, cast

import flask
from flask.sessions import NullSession, SecureCookieSessionInterface
from werkzeug.routing import MapAdapter

from fhir_server.api.exchange import Request, Response
from fhir_server.api.known_routes import Adapter, KnownRoutes
from fhir_server.api.lazy_rule import LazyRule


class NoSessions(SecureCookieSessionInterface):
    """Sessions for who keeps none: no request opens one, no answer sets a cookie."""

    _NONE: ClassVar[NullSession] = NullSession()

    def open_session(self, app: flask.Flask, request: flask.Request) -> NullSession:
        """Give one that is empty, and refuses to be filled."""
        return self._NONE

    def is_null_session(self, obj: object) -> bool:
        """Tell that there is nothing to be saved."""
        return True


class Application(flask.Flask):
    """A Flask application of plain functions, without sessions.

    Args:
        name: of the package.
    """

    request_class = Request
    response_class = Response
    url_rule_class = LazyRule
    session_interface = NoSessions()

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        self._known_routes = KnownRoutes(self.url_map)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function as it is: no view and no hook here is a coroutine."""
        return func

    def create_url_adapter(self, request: flask.Request | None) -> MapAdapter | None:
        """Give what finds the route of a request."""
        if request is None:
            # No address is built outside of a request: the setting `SERVER_NAME` is not used.
            return None
        make = cast("Callable[[], MapAdapter]", partial(super().create_url_adapter, request))
        return Adapter(self._known_routes, request.environ, make)
