"""One route for each declared interaction and operation.

The core types have routes, and so pages in the OpenAPI document, of their own; one set of routes
with the type as a variable serves all others. The same functions stand behind both.
"""

from __future__ import annotations

from fhir_server.api import graphql, routes_operations, routes_search, routes_types, system
from fhir_server.api.blueprint import Blueprint
from fhir_server.api.routes_operations import Renders
from fhir_server.api.routing import ANY
from fhir_server.profiles.definitions import Definitions
from fhir_server.resources.registry import DECLARED
from fhir_server.resources.resource_type import ResourceType


def fhir_blueprint(definitions: Definitions, renders: Renders) -> Blueprint:
    """Give all routes under ``/fhir``; the registry and the OperationDefinitions say which.

    Args:
        definitions: with the OperationDefinitions and compartments.
        renders: gives the media types that an operation renders beside FHIR's.
    """
    blp = Blueprint("fhir", __name__, url_prefix="/fhir", description="FHIR R4")
    system.register(blp)
    routes_search.register_system(blp)
    for type_ in (*DECLARED, ResourceType(ANY, "All other types of R4")):
        routes_types.register(blp, type_)
        routes_search.register(blp, type_)
    routes_search.register_compartments(blp, definitions)
    graphql.register(blp)
    routes_operations.register(blp, definitions, renders)
    return blp
