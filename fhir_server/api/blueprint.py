"""Routes whose description is put together when the OpenAPI document is first asked for.

flask-smorest copies the whole description of each of six hundred routes when it is added, which is
a third of what making the application costs, and most workers never show the document.
"""

from __future__ import annotations

from typing import Any

import flask_smorest


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest is untyped
    """flask-smorest's Blueprint, describing late."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._undescribed: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def _store_endpoint_docs(self, *args: Any, **options: Any) -> None:
        self._undescribed.append((args, options))

    def register_views_in_doc(self, *args: Any, **options: Any) -> None:
        """Describe the routes in a document."""
        while self._undescribed:
            route, methods = self._undescribed.pop(0)
            super()._store_endpoint_docs(*route, **methods)
        super().register_views_in_doc(*args, **options)
