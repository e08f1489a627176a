"""What is said about codes: sentences for developers, without anything that a client sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from fhir_server.profiles.code_checks import Verdict
from fhir_server.terminology.compose import Found, Include, Library, Plan
from fhir_server.terminology.concepts import Concept

_MOST_NAMED = 20
_OUTAGE = "The terminology of this server does not answer just now, so nobody can tell."
_INACTIVE = "The code is inactive: it should not be used any more."
_ABSTRACT = "The code only groups others: use one of those below it."

UNAVAILABLE = Verdict(None, _OUTAGE)


def of_value_set(library: Library, plan: Plan, found: Found, system: str | None) -> Verdict:
    """Say whether a code is in a value set.

    Args:
        system: the code's; None for a bare one.
    """
    name = f"the value set {plan.url}" if plan.url else "the value set"
    if found.holds is None:
        return Verdict(None, f"Nobody here can tell whether the code is in {name}: {found.why}.")
    if found.holds is False:
        return Verdict(False, f"The code is not in {name}. {_advice(library, plan, system)}")
    return _held(found.concept, found.displays)


def of_code_system(url: str, concept: Concept | None, *, told: bool) -> Verdict:
    """Say whether a code is in its system.

    Args:
        told: whether the code system is known in full.
    """
    if concept is not None:
        return _held(concept, ())
    if not told:
        return Verdict(None, f"The code system {url} is known to this server only in part.")
    return Verdict(False, f"The code is not in the code system {url}. $lookup tells of a code.")


def unknown_value_set(canonical: str) -> Verdict:
    """Say that a value set is not here."""
    return Verdict(
        None,
        f"The value set {canonical} is not known to this server, so nobody here can tell whether "
        "the code is in it. Load it, or name a terminology server in the settings.",
    )


def unknown_system() -> Verdict:
    """Say that a code system is not here."""
    return Verdict(
        None,
        "The code system is not known to this server, so nobody here can tell whether the code is "
        "in it. Load it, or name a terminology server in the settings.",
    )


def with_display(verdict: Verdict, sent: str, known: Iterable[str]) -> Verdict:
    """Compare the display that came with a code to those that are known."""
    texts = {display_key(each) for each in known if each}
    if not texts or display_key(sent) in texts:
        return verdict
    text = "The display is not what the code system calls the code: correct it or leave it out."
    joined = f"{verdict.text} {text}".strip()
    return replace(verdict, text=joined, wrong_display=True)


@lru_cache(maxsize=8192)
def display_key(text: str) -> str:
    """Reduce a display to what is compared: neither case nor white space counts."""
    return " ".join(text.casefold().split())


def _held(concept: Concept | None, displays: tuple[str, ...]) -> Verdict:
    own = concept.display if concept is not None else None
    display = displays[0] if displays else own
    if concept is None or not (concept.inactive or concept.abstract):
        return Verdict(True, display=display)
    text = _INACTIVE if concept.inactive else _ABSTRACT
    return Verdict(True, text, display, inactive=concept.inactive, abstract=concept.abstract)


def _advice(library: Library, plan: Plan, system: str | None) -> str:
    systems = tuple(_systems(library, plan, ()))
    if system is not None and systems and system not in systems:
        return f"It takes codes from {_joined(systems)}."
    codes = _few(plan, system)
    return f"Use one of: {', '.join(codes)}." if codes else "$expand lists its codes."


def _systems(library: Library, plan: Plan, path: tuple[str, ...]) -> Iterator[str]:
    found = dict.fromkeys(plan.systems)
    for include in plan.includes:
        for url in include.value_sets if include.system is None else ():
            imported = library.plan(url) if url not in path else None
            if imported is not None:
                found.update(dict.fromkeys(_systems(library, imported, (*path, url))))
    yield from found


def _joined(systems: tuple[str, ...]) -> str:
    more = f" and {len(systems) - 3} more" if len(systems) > 3 else ""
    return ", ".join(systems[:3]) + more


def _few(plan: Plan, system: str | None) -> list[str]:
    """Give the codes of a value set that lists a few of them."""
    if plan.fixed is not None or plan.excludes or not all(map(_is_list, plan.includes)):
        return []
    codes = [
        code
        for include in plan.includes
        if system in (None, include.system)
        for code in include.listed or ()
    ]
    return codes if len(codes) <= _MOST_NAMED else []


def _is_list(include: Include) -> bool:
    return include.listed is not None and not include.value_sets
