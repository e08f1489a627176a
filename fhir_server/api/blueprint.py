"""Routes whose description is put together when the OpenAPI document is first asked for.

The descriptions of six hundred routes, and flask-smorest's copies of them, are most of what making
the application costs, and take 5 MB. Most workers never show the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import flask_smorest

View = TypeVar("View", bound=Callable[..., Any])
# Gives the operation object of a route.
Describe = Callable[[], dict[str, Any]]


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest is untyped
    """flask-smorest's Blueprint, describing late."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._undescribed: list[tuple[str, Any, tuple[Any, ...], dict[str, Any]]] = []
        self._descriptions: dict[Any, Describe] = {}

    def described(self, describe: Describe) -> Callable[[View], View]:
        """Say how a view of this blueprint is described; unlike `doc`, the view is not wrapped.

        Args:
            describe: called when the document is put together, within a request for it.
        """

        def keep(view: View) -> View:
            self._descriptions[view] = describe
            return view

        return keep

    def _store_endpoint_docs(self, endpoint: str, view: Any, *others: Any, **options: Any) -> None:
        self._undescribed.append((endpoint, view, others, options))

    def register_views_in_doc(self, *args: Any, **options: Any) -> None:
        """Describe the routes in a document."""
        while self._undescribed:
            endpoint, view, others, methods = self._undescribed.pop(0)
            describe = self._descriptions.pop(view, None)
            if describe is not None:
                view = self.doc(**describe())(view)
            super()._store_endpoint_docs(endpoint, view, *others, **methods)
        super().register_views_in_doc(*args, **options)
