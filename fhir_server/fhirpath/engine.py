"""FHIRPath for rules: compiles expressions, and evaluates them on JSON.

Source: http://hl7.org/fhirpath/N1/, https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_server.fhir.suggestions import suggestion
from fhir_server.fhirpath.compiled import Compiled, Items, Truth
from fhir_server.fhirpath.compiler import Compiler
from fhir_server.fhirpath.environment import Environment
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import Frame, Item, raw
from fhir_server.fhirpath.parser import parse
from fhir_server.fhirpath.scope import Scope
from fhir_server.fhirpath.types import UNKNOWN, Model, TypeInfo, Types

MOST_KEPT = 10_000

# What goes wrong inside closures when a value is not what its type says.
_MISSHAPEN = (AttributeError, TypeError, KeyError, IndexError, ValueError, ArithmeticError)


class Expression:
    """A compiled expression; safe to share between threads.

    Args:
        text: as it was written.
        result: what it was compiled to.
        choices: the types its context may have, where that is not one.
    """

    __slots__ = ("_choices", "_items", "_result", "_truth", "_type", "text")

    def __init__(
        self, text: str, result: Compiled, context: TypeInfo | None, choices: tuple[TypeInfo, ...]
    ) -> None:
        self.text = text
        self._result = result
        self._type = context
        self._choices = choices
        self._truth: Truth = result.truth()
        self._items: Items | None = None

    def holds(
        self,
        value: Any,
        environment: Environment,
        extension: Any = None,
        *,
        type_name: str | None = None,
    ) -> bool:
        """Tell an invariant's verdict: it fails only where the expression is false.

        Args:
            value: JSON as `fhir.json.plain` reads it; None for a primitive with extensions only.
            environment: what stands around the value.
            extension: what stands under ``_name`` beside a primitive.
            type_name: which type the value has, where the context is a choice.

        Raises:
            FhirPathError: it can't be evaluated on this value.
        """
        focus = value
        if extension is not None or self._type is None:
            focus = self._described(value, extension, type_name)
        try:
            return self._truth(focus, Frame(environment, focus)) is not False
        except FhirPathError:
            raise
        except RecursionError:
            raise _too_deep() from None
        except _MISSHAPEN as error:
            raise _misshapen(error) from error

    def evaluate(
        self,
        value: Any,
        environment: Environment,
        extension: Any = None,
        *,
        type_name: str | None = None,
    ) -> list[Any]:
        """Give the result as JSON values; None stands for a primitive with extensions only.

        Args:
            value: as for `holds`, like the others.

        Raises:
            FhirPathError: it can't be evaluated on this value.
        """
        focus = value
        if extension is not None or self._type is None:
            focus = self._described(value, extension, type_name)
        if self._items is None:
            self._items = self._result.items()
        try:
            return [raw(item) for item in self._items(focus, Frame(environment, focus))]
        except FhirPathError:
            raise
        except RecursionError:
            raise _too_deep() from None
        except _MISSHAPEN as error:
            raise _misshapen(error) from error

    def _described(self, value: Any, extension: Any, type_name: str | None) -> Any:
        if self._type is not None:
            return Item(value, self._type, extension) if self._type.is_primitive else value
        if value is None and extension is None:
            return None
        if isinstance(value, Mapping) and "resourceType" in value:
            return value
        return Item(value, _chosen(self._choices, value, type_name), extension)


class Engine:
    """Compiles expressions, each once for each context.

    Args:
        model: what is known of FHIR's types.
    """

    def __init__(self, model: Model) -> None:
        self._types = Types(model)
        self._kept: dict[tuple[str, str], Expression] = {}

    def compile(self, expression: str, context: str) -> Expression:
        """Compile an expression.

        Args:
            expression: FHIRPath.
            context: where it stands: a type (``CareTeam``, ``Period``, ``string``) or the path of
                an element (``CareTeam.participant``; also of a choice, with or without ``[x]``).

        Raises:
            FhirPathError: it can't be read, or does not fit the context, or there is no such
                context.
        """
        found = self._kept.get((expression, context))
        if found is None:
            found = self._compile(expression, context)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[expression, context] = found
        return found

    def _compile(self, expression: str, context: str) -> Expression:
        type_, choices = self._context(context)
        focus = Compiled(type_, one=lambda v, _f: v, choices=choices or None, is_focus=True)
        resource = self._types.at(context.partition(".")[0])
        if resource is not None and "Resource" not in resource.lineage:
            resource = None
        compiler = Compiler(self._types, focus, resource)
        try:
            result = compiler.compile(parse(expression), Scope(focus))
            return Expression(expression, result, type_, choices)
        except RecursionError:
            raise _too_deep() from None

    def _context(self, context: str) -> tuple[TypeInfo | None, tuple[TypeInfo, ...]]:
        type_ = self._types.at(context)
        if type_ is not None and type_.path not in ("Element", "BackboneElement"):
            return type_, ()
        choices = (type_,) if type_ is not None else self._types.choices(context)
        if not choices:
            parent, _, name = context.rpartition(".")
            above = self._types.at(parent) if parent else None
            hint = suggestion(name, self._types.names(above)) if above else ""
            raise FhirPathError(f"There is no type and no element {context!r}.{hint}")
        return None, choices


def _chosen(choices: tuple[TypeInfo, ...], value: Any, type_name: str | None) -> TypeInfo:
    """Give the type of a value whose context is a choice; `UNKNOWN` where it can't be told."""
    if type_name is not None:
        return next((type_ for type_ in choices if type_.name == type_name), UNKNOWN)
    is_complex = isinstance(value, Mapping)
    fitting = [type_ for type_ in choices if type_.is_primitive is not is_complex]
    return fitting[0] if len(fitting) == 1 else UNKNOWN


def _too_deep() -> FhirPathError:
    return FhirPathError("It is nested too deeply to be evaluated.")


def _misshapen(error: Exception) -> FhirPathError:
    return FhirPathError(f"The value is not what its type says ({type(error).__name__}).")


__all__ = ["Engine", "Environment", "Expression", "FhirPathError", "Model"]
