"""Reads the parameters of a search into a `Query`.

Nothing is silently ignored: an unknown parameter, modifier or prefix is refused with a list of
what there is, or left out with a warning where the client asked for that
(``Prefer: handling=lenient``). The query knows which parameters took effect.

    chains.py               names that lead over references, and _has
    filter_*.py             _filter
    include_parameters.py   _include, _revinclude
    result_parameters.py    _count, _sort and the others about the answer
    compartments.py         the compartment that a URL names

Source: https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from fhir_server.fhir.ids import is_id
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.chains import HAS, Chains, End, NotThere, Path, over
from fhir_server.search.compartments import Compartments
from fhir_server.search.criteria import Asked, criterion
from fhir_server.search.draft import Draft, hint, listed, refused, too_costly
from fhir_server.search.filter_criteria import FilterCriteria
from fhir_server.search.include_parameters import INCLUDE_PARAMETERS, IncludeParameters
from fhir_server.search.parameters import Parameter
from fhir_server.search.plans import Plans
from fhir_server.search.query import (
    And,
    Chained,
    Criterion,
    HasId,
    HasToken,
    Not,
    Or,
    Query,
    ReferredBy,
    every,
)
from fhir_server.search.result_parameters import SINGLE_PARAMETERS, ResultParameters, conflicts
from fhir_server.search.syntax import split, unescape
from fhir_server.terminology.terminology import Terminology

# About the form of the answer, which is the business of whoever writes it.
FORMAT_PARAMETERS = ("_format", "_pretty")
RESULT_PARAMETERS = (*SINGLE_PARAMETERS, *INCLUDE_PARAMETERS)
FILTER = "_filter"
LIST = "_list"
# Beside those of the definitions; they may stand at the end of a chain.
OTHER_CRITERIA = (LIST,)

_LONGEST_VALUE, _LONGEST_NAME = 20_000, 1000
_MOST_PARAMETERS = 100
# Alternatives that are tokens are looked up together; of the others each is a scan of its own.
_MOST_TOKENS, _MOST_SCANS = 5000, 200


class QueryParser:
    """Reads search parameters.

    Args:
        definitions: the search parameters and the types they apply to.
        zone: what dates without a zone are local to.
        base_url: the server's own address; references to it are local.
        default_count: results on a page where ``_count`` doesn't say.
        max_count: the largest page; a larger ``_count`` gives this.
        max_page_bytes: the size of the resources after which a page ends; None for any.
        terminology: gives what answers about codes just now; by default what is published.
        plans: of these definitions; None for such with full text.
    """

    def __init__(
        self,
        definitions: Definitions,
        zone: ZoneInfo,
        base_url: str,
        default_count: int = 20,
        max_count: int = 1000,
        *,
        max_page_bytes: int | None = None,
        terminology: Callable[[], Terminology] | None = None,
        plans: Plans | None = None,
    ) -> None:
        self._definitions = definitions
        self._parameters = (plans or Plans(definitions)).parameters
        published = Terminology(definitions)
        self._terminology = terminology or (lambda: published)
        self._zone = zone
        self._base_url = base_url
        self._default_count = default_count
        self._max_page_bytes = max_page_bytes
        self._chains = Chains(definitions, self._parameters)
        self._filters = FilterCriteria(self._chains, self._asked)
        self._includes = IncludeParameters(definitions, self._parameters)
        self._results = ResultParameters(definitions, self._parameters, max_count)
        self._compartments = Compartments(definitions, self._parameters)

    def supported_parameters(self, resource_type: str) -> Mapping[str, Parameter]:
        """Give the parameters that a type can be searched by, by code."""
        return self._parameters.of(resource_type)

    def sortable(self, resource_type: str) -> tuple[str, ...]:
        """Give what resources of a type can be sorted by."""
        return self._results.sortable(resource_type)

    def parse(
        self,
        resource_type: str | None,
        parameters: Sequence[tuple[str, str]],
        *,
        lenient: bool = False,
        compartment: tuple[str, str] | None = None,
    ) -> Query:
        """Read a search.

        Args:
            resource_type: the type to search; None for all, or those that ``_type`` names.
            parameters: decoded names and values, in the order given.
            lenient: leave out, with a warning, what can't be used.
            compartment: type and id of the resource whose compartment is searched.

        Raises:
            FhirError: 400 for what can't be used; every such parameter is named. 404 for a type
                that is not in the compartment.
        """
        if len(parameters) > _MOST_PARAMETERS:
            raise too_costly(f"A search takes at most {_MOST_PARAMETERS} parameters.")
        draft = self._draft(resource_type, parameters, compartment)
        problems: list[Issue] = []
        for name, value in parameters:
            try:
                self._read(draft, name, value)
            except FhirError as error:
                problems.extend(error.issues)
        problems += conflicts(draft)
        if problems and not lenient:
            raise FhirError(*problems, status=400)
        return _query(draft, problems, self._max_page_bytes)

    def parse_criteria(
        self, resource_type: str, parameters: Sequence[tuple[str, str]], count: int
    ) -> Query:
        """Read criteria that select resources for another interaction, not for an answer.

        Args:
            resource_type: the type.
            parameters: decoded names and values.
            count: how many resources to look for.

        Raises:
            FhirError: 400 for what can't be used, such as a parameter about the answer.
        """
        about_results = [name for name, _ in parameters if _code(name) in RESULT_PARAMETERS]
        if about_results:
            raise refused(
                f"Criteria take no {listed(about_results)}: they select resources, "
                "and there is no list of results to shape."
            )
        return replace(self.parse(resource_type, parameters), count=count)

    def _draft(
        self,
        resource_type: str | None,
        parameters: Sequence[tuple[str, str]],
        compartment: tuple[str, str] | None,
    ) -> Draft:
        types = (resource_type,) if resource_type is not None else self._named_types(parameters)
        if compartment is not None:
            for type_ in types:
                self._compartments.require(compartment[0], type_)
            types = types or self._compartments.types(compartment[0])
        draft = Draft(types, types or self._definitions.resource_types, self._default_count)
        if compartment is not None:
            draft.where.append(self._compartments.criterion(*compartment, types))
        return draft

    def _named_types(self, parameters: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        named = [value for name, value in parameters if name == "_type"]
        types = tuple(dict.fromkeys(each for value in named for each in value.split(",")))
        for each in types:
            if not self._definitions.is_resource_type(each):
                near = hint(each, self._definitions.resource_types)
                raise invalid(
                    f"_type: '{each[:64]}' is not a resource type of R4.{near} "
                    "Names are separated by commas."
                )
        return types

    def _read(self, draft: Draft, name: str, value: str) -> None:
        _require_readable(name, value)
        code = _code(name)
        if name in FORMAT_PARAMETERS:
            return
        if name in SINGLE_PARAMETERS:
            value = self._results.read(draft, name, value)
        elif code in INCLUDE_PARAMETERS:
            if not self._includes.read(draft, name, value):
                return
        elif code in SINGLE_PARAMETERS or (code == FILTER and name != FILTER):
            raise refused(f"'{code}' takes no modifier.")
        else:
            draft.where.append(self._criterion(draft, name, value))
        if name != "_cursor":
            draft.applied.append((name, value))

    def _criterion(self, draft: Draft, name: str, value: str) -> Criterion:
        if name == FILTER:
            found = self._filters.read(draft.searched, value, draft.joins)
        else:
            self._require_known(draft, name)
            path = Path(name, self._end(value), OTHER_CRITERIA, draft.joins)
            found = self._follow(draft.searched, path)
        _require_bounded(name, found)
        return found

    def _follow(self, types: Sequence[str], path: Path) -> Criterion:
        if len(types) == 1 or not path.name.startswith(f"{HAS}:"):
            return self._chains.follow(types, path)
        found: list[tuple[str, Criterion]] = []
        missing: list[NotThere] = []
        for type_ in types:  # a reference from elsewhere need not lead to all types searched
            try:
                found.append((type_, self._chains.reverse(type_, path)))
            except NotThere as error:
                missing.append(error)
        if not found:
            raise missing[0]
        path.joins.ask(path.name)
        return over(found)

    def _end(self, value: str) -> End:
        def read(type_: str, name: str) -> Criterion:
            code, colon, modifier = name.partition(":")
            if colon and not modifier:
                raise refused(f"'{code}': there is no modifier after the colon.")
            if code == LIST:
                return _in_list(value, colon)
            return criterion(self._asked(type_, code, modifier), value)

        return read

    def _asked(self, type_: str, code: str, modifier: str = "") -> Asked:
        parameter = self._parameters.of(type_)[code]
        return Asked(parameter, modifier, type_, self._zone, self._base_url, self._terminology)

    def _require_known(self, draft: Draft, name: str) -> None:
        code = _code(name.partition(".")[0])
        known = self._parameters.shared(draft.searched)
        if code in known or code in OTHER_CRITERIA:
            return
        if code == HAS:
            if name.count(":") < 3:
                raise refused(
                    "_has has the form _has:Type:reference:parameter, "
                    "as in _has:Observation:patient:code."
                )
            return
        if code == "_query":
            raise refused("_query is not supported: this server has no named queries.")
        names = [*known, *OTHER_CRITERIA, *RESULT_PARAMETERS, FILTER, HAS]
        raise refused(
            f"Search parameter '{code[:64]}' is not supported for {draft.what}."
            f"{hint(code, names)} Valid: {', '.join(sorted(names))}."
        )


def _code(name: str) -> str:
    return name.partition(":")[0]


def _query(draft: Draft, problems: Sequence[Issue], max_bytes: int | None) -> Query:
    return Query(
        types=draft.types,
        where=every(*draft.where),
        sort=draft.sort,
        count=0 if draft.summary == "count" else draft.count,
        total=draft.total,
        cursor=draft.cursor,
        applied=tuple(draft.applied),
        ignored=(*map(_warning, problems), *draft.warnings),
        includes=tuple(draft.includes),
        revincludes=tuple(draft.revincludes),
        summary=draft.summary,
        elements=draft.elements,
        contained=draft.contained,
        contained_type=draft.contained_type,
        explain=draft.explain,
        max_bytes=max_bytes,
    )


def _in_list(value: str, modified: str) -> Criterion:
    """Find what a List names. https://hl7.org/fhir/R4/search.html#list"""
    ids = [unescape(each).removeprefix("List/") for each in split(value, ",")]
    if modified:
        raise refused("'_list' takes no modifier.")
    if any(id_.startswith("$") for id_ in ids):
        raise refused("_list takes the id of a List; functional lists ($current-…) are not known.")
    if not all(is_id(id_) for id_ in ids):
        raise refused("_list takes the ids of Lists, separated by commas.", "value")
    return ReferredBy("List.item", HasId(tuple(f"List/{id_}" for id_ in ids)))


def _require_readable(name: str, value: str) -> None:
    if len(value) > _LONGEST_VALUE or len(name) > _LONGEST_NAME:
        what = "value" if len(name) <= _LONGEST_NAME else "name"
        raise refused(f"'{name[:64]}': the {what} is too long.", "too-long")
    try:
        f"{name}{value}".encode()
    except UnicodeEncodeError:
        raise invalid("A parameter holds what is no Unicode text.") from None


def _require_bounded(name: str, criterion: Criterion) -> None:
    lookups, scans = _alternatives(criterion)
    if lookups > _MOST_TOKENS or scans > _MOST_SCANS:
        raise too_costly(f"'{_code(name)[:64]}' has too many alternatives; split the search.")


def _alternatives(criterion: Criterion) -> tuple[int, int]:
    """Count what must be looked up: tokens and ids, and scans."""
    match criterion:
        case HasToken() | HasId():
            return 1, 0
        case Not(part) | Chained(where=part) | ReferredBy(where=part):
            return _alternatives(part)
        case And(parts) | Or(parts):
            found = [_alternatives(part) for part in parts]
            return sum(each[0] for each in found), sum(each[1] for each in found)
        case _:
            return 0, 1


def _warning(issue: Issue) -> Issue:
    return replace(issue, severity="warning", text=f"Ignored: {issue.text}")
