"""What the segments of a FHIR address may be.

Types, logical ids and versions never begin with ``_``, ``$`` or ``*``; what begins so
(``_search``, ``_history``, ``$everything``, ``*``) is a route of its own, or nothing. So no such
word is ever taken for the id of a resource, and the wrong method at such an address is answered
405, not as if a resource of that name were missing.

Source: https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from typing import Any, ClassVar

from flask.sansio.app import App
from werkzeug.routing import BaseConverter

Schema = dict[str, Any]

# In the OpenAPI document; the routes themselves let more through, to say what is wrong with it.
ID_SCHEMA = {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$", "maxLength": 64}


class LogicalId(BaseConverter):
    """A logical id, or a text that a client takes for one."""

    regex = r"[^/_$*][^/]*"
    schema: ClassVar[Schema] = ID_SCHEMA


class Version(BaseConverter):
    """A version, or a text that a client takes for one."""

    regex = r"[^/]+"
    schema: ClassVar[Schema] = {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"}


class TypeName(BaseConverter):
    """The name of a resource type, or a text that a client takes for one."""

    regex = r"(?!metadata$)[^/_$*][^/]*"
    schema: ClassVar[Schema] = {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"}


class TypeOrAll(BaseConverter):
    """The name of a resource type, or ``*`` for all."""

    regex = r"\*|[^/_$*][^/]*"
    schema: ClassVar[Schema] = {"type": "string", "pattern": "^([A-Z][A-Za-z]+|[*])$"}


CONVERTERS = {"id": LogicalId, "version": Version, "type": TypeName, "type_or_all": TypeOrAll}


def register(app: App) -> None:
    """Let routes say ``<id:id>``, ``<type:type>`` and so on."""
    # An address with an empty segment is none of ours; Flask would redirect to another.
    app.url_map.merge_slashes = False
    app.url_map.converters.update(CONVERTERS)


def schema(converter: Any) -> Schema:
    """Describe a segment for the OpenAPI document."""
    return dict(converter.schema)
