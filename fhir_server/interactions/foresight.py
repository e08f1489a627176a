"""What rules will ask about several resources of one commit, found out in a few round trips.

A rule asks about one resource at a time: its references, and the other resources about its
patient. Where a commit stores many, as a load and `$reassign` do, each question alone would be a
round trip inside the transaction. `Foresight` answers from what it reads for all of them at once.
It is made anew for each attempt of a transaction, and reads in it: it answers what the `Finder`
would, sooner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fhir_server.fhir.reference import local
from fhir_server.interactions.context import Server, WriteRules
from fhir_server.interactions.finder import PATIENT, Finder, SearchKey, search_key
from fhir_server.interactions.leads import LEADS
from fhir_server.storage.snapshot import Snapshot

# Longer chains than any from a resource to what a rule asks of it: contact, role, unit, caregiver.
_LONGEST_CHAIN = 12
# Resources whose law is read in one round trip: each adds conditions to all that is looked at.
_AT_ONCE = 20
# Types of which a rule asks no more than whether there are any, where it is asked at once.
IDS_ONLY = frozenset({"CarePlan"})
# Patients that one search is about.
_TOGETHER = 100

Resource = Mapping[str, Any]
# A search without the patient whom it is about.
_Question = SearchKey


class Foresight:
    """Answers the questions that rules will ask about some resources.

    Args:
        server: the server's parts.
        snapshot: the store inside the transaction.
        rules: say what they will ask.
        resources: what they will be asked about.
    """

    def __init__(
        self, server: Server, snapshot: Snapshot, rules: WriteRules, resources: Sequence[Resource]
    ) -> None:
        self._finder = Finder(server, snapshot)
        self._base = server.settings.fhir_base
        self._rules = rules
        self._known: dict[str, dict[str, Any] | None] = {}
        self._patients: dict[_Question, list[str]] = {}
        self._answers: dict[_Question, dict[str, list[dict[str, Any]]]] = {}
        self._searched: dict[SearchKey, list[str]] = {}
        self._ask_at_once(resources)
        if len(resources) > 1:
            self._expect(resources)
        self._follow(resources)

    def knows(self, reference: str) -> bool:
        """Tell whether a resource was looked for."""
        return reference in self._known

    def read(self, reference: str) -> dict[str, Any] | None:
        """Give a resource that was looked for; None where there is none."""
        return self._known[reference]

    def search(
        self, resource_type: str, parameters: Mapping[str, str]
    ) -> list[dict[str, Any]] | None:
        """Give what a search about one patient finds; None where it was not foreseen."""
        found = self._searched.get(search_key(resource_type, parameters))
        if found is not None and resource_type not in IDS_ONLY:
            return [each for each in map(self._known.get, found) if each is not None]
        patient = parameters.get(PATIENT, "")
        question = _question(resource_type, parameters)
        if patient not in self._patients.get(question, ()):
            return None
        if question not in self._answers:
            self._answers[question] = self._ask(question)
        return self._answers[question].get(patient, [])

    def ids(self, resource_type: str, parameters: Mapping[str, str]) -> list[str] | None:
        """Give the ids of what a search about one patient finds; None where it is not known."""
        found = self._searched.get(search_key(resource_type, parameters))
        return None if found is None else [each.partition("/")[2] for each in found]

    def _ask_at_once(self, resources: Sequence[Resource]) -> None:
        """Read what rules read in any case, all of it in one round trip."""
        # What may be searched for many patients in one search is not searched for each of some.
        alone = len(resources) == 1
        some_of_all = [r for r in resources if alone or not self._rules.searches(r)]
        asked = [(r, *at_once) for r in some_of_all if any(at_once := self._rules.at_once(r))]
        others: list[dict[str, Any]] = []
        for first in range(0, len(asked), _AT_ONCE):
            some = asked[first : first + _AT_ONCE]
            references = LEADS.reached(each for r, *_ in some for each in self._rules.follows(r))
            references |= {reference for _, named, _ in some for reference in named}
            searches = [each for *_, made in some for each in made]
            found = self._finder.together(
                references, [(*each, each[0] in IDS_ONLY) for each in searches]
            )
            if found is None:
                return  # each is asked for when a rule needs it
            self._know(references, found.resources)
            for each, answer in zip(searches, found.answers, strict=True):
                self._searched[search_key(*each)] = list(answer)
                if each[0] not in IDS_ONLY:
                    self._known |= {name: found.resources[name] for name in answer}
                    others += [body for name in answer if (body := found.resources[name])]
        # What rules come upon they follow; what is written itself is followed next.
        self._follow(others)

    def _know(self, references: Iterable[str], found: Mapping[str, dict[str, Any] | None]) -> None:
        for reference in references:
            self._known[reference] = resource = found.get(reference)
            if resource is not None:
                LEADS.note(reference, self._rules.follows(resource))

    def _expect(self, resources: Sequence[Resource]) -> None:
        for resource in resources:
            for resource_type, parameters in self._rules.searches(resource):
                patients = self._patients.setdefault(_question(resource_type, parameters), [])
                patients.append(parameters[PATIENT])

    def _ask(self, question: _Question) -> dict[str, list[dict[str, Any]]]:
        """Search for all patients that the question is expected about."""
        resource_type, others = question
        patients = list(dict.fromkeys(self._patients[question]))
        by_patient: dict[str, list[dict[str, Any]]] = {}
        found: list[dict[str, Any]] = []
        for first in range(0, len(patients), _TOGETHER):
            asked = {**dict(others), PATIENT: ",".join(patients[first : first + _TOGETHER])}
            found += self._finder.search(resource_type, **asked)
        for resource in found:
            by_patient.setdefault(self._whose(resource), []).append(resource)
        self._follow(found)
        return by_patient

    def _whose(self, resource: Resource) -> str:
        whom = resource.get("subject") or resource.get(PATIENT) or {}
        return str(local(str(whom.get("reference", "")), self._base) or "")

    def _follow(self, resources: Iterable[Resource]) -> None:
        """Read what the rules will follow from some resources, and from what that is, and so on."""
        waiting, done = list(resources), set[str]()
        for _ in range(_LONGEST_CHAIN):
            named = {each for resource in waiting for each in self._rules.follows(resource)} - done
            new = LEADS.reached(named) - self._known.keys()
            if new:
                self._know(new, self._finder.read_many(list(new)))
            done |= named
            waiting = [self._known[each] or {} for each in named]
            if not waiting:
                return


def _question(resource_type: str, parameters: Mapping[str, str]) -> _Question:
    return resource_type, frozenset(
        (name, value) for name, value in parameters.items() if name != PATIENT
    )
