"""Whatever an expression says and whatever it is asked about: a result, or a `FhirPathError`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fhir_server.fhirpath.engine import Engine, FhirPathError
from fhir_server.fhirpath.functions import FUNCTIONS
from fhir_server.profiles.definitions import Definitions
from tests.unit.fhirpath.conftest import environment_of
from tests.unit.profiles.resources_at_random import resources

DEFINITIONS = Definitions.load()

LITERALS = st.sampled_from(
    ["1", "0", "2.5", "'a'", "''", "true", "false", "{}", "@2020-02", "@2020-02-29T10:00:00Z",
     "@T10:30", "4 days", "2 months", "5 'mg'", "$this", "%resource", "%context", "%rootResource", "%given",
     "%several", "%ucum", "$index", "$total", "'#a'", "'[a-z]+'"]
)  # fmt: skip
OPERATORS = st.sampled_from(
    ["and", "or", "xor", "implies", "=", "!=", "~", "!~", "<", "<=", ">", ">=", "|", "+", "-", "*", "/",
     "div", "mod", "&", "in", "contains"]
)  # fmt: skip
TYPES = st.sampled_from(
    ["Quantity", "string", "Boolean", "Patient", "System.Integer", "Reference", "code"]
)
FUNCTION_NAMES = st.sampled_from(sorted(FUNCTIONS))


def _names(type_: str) -> st.SearchStrategy[str]:
    own = list(DEFINITIONS.children(type_))
    return st.sampled_from(
        [*own, "id", "extension", "value", "coding", "start", "code", "reference"]
    )


def expressions(type_: str) -> st.SearchStrategy[str]:
    names = _names(type_)

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        calls = st.builds(
            lambda of, name, args: f"{of}.{name}({', '.join(args)})",
            inner.map(lambda text: f"({text})"), FUNCTION_NAMES, st.lists(inner, max_size=2),
        )  # fmt: skip
        return st.one_of(
            st.builds(lambda of, name: f"({of}).{name}", inner, names),
            calls,
            st.builds(lambda of, at: f"({of})[{at}]", inner, inner),
            st.builds(lambda a, o, b: f"({a}) {o} ({b})", inner, OPERATORS, inner),
            st.builds(
                lambda a, word, t: f"({a}) {word} {t}", inner, st.sampled_from(["is", "as"]), TYPES
            ),
            st.builds(lambda sign, a: f"{sign}({a})", st.sampled_from("+-"), inner),
            st.builds(lambda of, c: f"({of}).where({c})", inner, inner),
        )

    return st.recursive(st.one_of(names, LITERALS), larger, max_leaves=6)


@st.composite
def questions(draw: Any) -> tuple[dict[str, Any], str]:
    resource = draw(resources(DEFINITIONS))
    return resource, draw(expressions(resource["resourceType"]))


@given(questions())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)
@example(({"resourceType": "Patient"}, "(name).descendants() | (children())"))
def test_a_random_expression_on_a_random_resource_gives_a_result_or_says_why_not(
    engine: Engine, question: tuple[dict[str, Any], str]
) -> None:
    resource, expression = question
    environment = environment_of(resource)
    with suppress(FhirPathError):
        compiled = engine.compile(expression, resource["resourceType"])
        found = compiled.evaluate(resource, environment)
        assert isinstance(found, list)
        with suppress(FhirPathError):
            assert compiled.holds(resource, environment) in (True, False)


@given(st.text(max_size=40) | st.text("()[]{}.,'`@%$|&+-*/=~<>! 0123456789abisT:\\\n", max_size=40))
@settings(max_examples=300, deadline=None)
def test_random_text_is_read_or_refused(engine: Engine, text: str) -> None:
    with suppress(FhirPathError):
        engine.compile(text, "Patient")
