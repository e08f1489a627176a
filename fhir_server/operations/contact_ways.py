"""The ways to reach somebody, as the patient's card shows them (R43, R44)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from fhir_server import swedish
from fhir_server.sweden.contact_view import Channel, Hours

LABELS = {"phone": "Telefon", "sms": "Sms", "email": "E-post", "url": "Webbplats", "other": "Annat"}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to reach somebody.

    Args:
        label: what it is: Telefon.
        text: the number or address.
        href: what it leads to; empty for nothing.
        when: måndag–fredag 08–16; empty for not known.
        note: what to know about it.
    """

    label: str
    text: str
    href: str
    when: str
    note: str

    @property
    def key(self) -> str:
        """What two ways to the same have in common."""
        return self.href or self.text


def ways_to(*sources: tuple[Channel, ...]) -> tuple[Way, ...]:
    """Give the ways that a patient can use, each once, nearest first; one with hours wins."""
    found: dict[str, Way] = {}
    for channel in (each for source in sources for each in source):
        way = _way(channel)
        if way is None:
            continue
        if way.key not in found or (way.when and not found[way.key].when):
            found[way.key] = way
    return tuple(found.values())


def _way(channel: Channel) -> Way | None:
    """Give a way; None for what is for staff only (fax, pager) or says nothing."""
    if channel.system not in LABELS or not channel.value.strip():
        return None
    text = channel.value.strip()
    label, href = LABELS[channel.system], ""
    match channel.system:
        case "phone":
            href = swedish.telephone(text)
            label = "Mobil" if channel.use == "mobile" else label
        case "sms":
            href = swedish.telephone(text, "sms")
        case "email":
            href = f"mailto:{text}" if _is_address(text) else ""
        case "url":
            label, text, href = _web(text)
    when = swedish.listed([_open(hours) for hours in _merged(channel)])
    return Way(label, text, href, when, swedish.sentence(channel.note))


def _merged(channel: Channel) -> list[Hours]:
    """Give the hours, with the days together that share them."""
    found: dict[Hours, tuple[str, ...]] = {}
    for each in channel.hours:
        rest = replace(each, days=())
        # No days are all days.
        found[rest] = (*found.get(rest, ()), *(each.days or swedish.WEEKDAYS))
    return [replace(rest, days=days) for rest, days in found.items()]


def _open(hours: Hours) -> str:
    """Spell hours: måndag–fredag 08–16 (juni–augusti)."""
    spelled = swedish.hours(hours.days, hours.start, hours.end)
    limits = [swedish.months(hours.months), swedish.dates(hours.first, hours.last)]
    said = ", ".join(limit for limit in limits if limit)
    return f"{spelled} ({said})" if said else spelled


def _is_address(text: str) -> bool:
    name, at, domain = text.partition("@")
    return bool(name and at and "." in domain) and not set(text) & set(" ?&%:/<>\"'")


def _web(text: str) -> tuple[str, str, str]:
    """Give label, text and link of an address; what is no web address leads nowhere."""
    try:
        split = urlsplit(text)
    except ValueError:
        return LABELS["url"], text, ""
    if split.scheme not in ("http", "https") or not split.hostname:
        return LABELS["url"], text, ""
    host = split.hostname.removeprefix("www.")
    if host == "1177.se" or host.endswith(".1177.se"):
        return "Meddelande i 1177", "Logga in på 1177.se", text
    return LABELS["url"], text.removeprefix(f"{split.scheme}://").rstrip("/"), text
