"""Addresses in settings: which reach only this machine, and which are whole."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

_OF_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def host_of(url: str) -> str:
    """Give the name in a URL, in lower case and without a port; empty for none."""
    with contextlib.suppress(ValueError):
        return (urlsplit(url).hostname or "").lower()
    return ""


def is_web_address(text: str) -> bool:
    """Tell whether a text is a URL that can be asked."""
    try:
        split = urlsplit(text)
    except ValueError:
        return False
    return split.scheme in ("http", "https") and bool(split.hostname) and not split.query


def is_origin(text: str) -> bool:
    """Tell whether a text is an origin as browsers say it: scheme, name and port, no more."""
    if not is_web_address(text) or "*" in text or text != text.lower():
        return False
    split = urlsplit(text)
    return text == f"{split.scheme}://{split.netloc}" and not split.username


def listed(text: str) -> tuple[str, ...]:
    """Give the parts of a list separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def known_hosts(host: str, base_url: str, further: Iterable[str]) -> frozenset[str]:
    """Give the names, in lower case and without a port, by which requests may name a server.

    Args:
        host: the address it listens on.
        base_url: the address that clients use; empty where nobody said.
        further: names.

    Returns:
        Empty for a server that anybody may name as they like.
    """
    named = {each.lower() for each in further} | ({host_of(base_url)} if base_url else set())
    if is_loopback(host):
        # Also where the network's names lead here: a page of somebody else's, whose name was
        # made to lead to this machine, would otherwise read all there is (DNS rebinding).
        return frozenset({*named, *_OF_THIS_MACHINE, host.lower()})
    return frozenset({*named, host.lower()} if named else ())
