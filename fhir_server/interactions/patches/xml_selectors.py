"""The part of XPath that XML Patch selects nodes with.

    /f:Patient/f:name[2]/f:given[1]         steps from the root, each with conditions
    f:Patient/f:contact[@id='a']/f:gender/@value
    f:Patient/f:text/h:div/h:p[.='x']/text()[1]

The grammar is that of RFC 5261, so an expression costs no more than its steps. ``id()`` is left
out (FHIR has no document type that declares ids: write ``*[@id='a']``), and so are comments and
processing instructions, which no stored resource has.

Source: https://www.rfc-editor.org/rfc/rfc5261#section-4.1
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from fhir_server.interactions.patches.refusals import Unfit

MAX_LENGTH = 1000
XML = "http://www.w3.org/XML/1998/namespace"  # known to every document as xml

_NAME = r"[A-Za-z_][\w.\-]*"
_QNAME = rf"(?:{_NAME}:)?{_NAME}"
_QUOTED = r"(?:'[^']*'|\"[^\"]*\")"
_CONDITION = rf"\[\s*(?:[0-9]{{1,6}}|(?:@?{_QNAME}|\.)\s*=\s*{_QUOTED})\s*\]"
_STEP = re.compile(rf"(?P<name>{_QNAME}|\*)(?P<conditions>(?:{_CONDITION})*)")
_TEXT = re.compile(r"text\(\)(?:\[[0-9]{1,6}\])?")
_ATTRIBUTE = re.compile(rf"@(?P<name>{_QNAME})")
_EACH_CONDITION = re.compile(_CONDITION)
_COMPARED = re.compile(rf"\[\s*(?P<at>@?)(?P<name>{_QNAME})\s*=")
_PARTS = re.compile(r"(?:[^/'\"]|'[^']*'|\"[^\"]*\")+")

NOT_UNDERSTOOD = (
    "sel must be a path such as f:Patient/f:name[1]/f:family/@value: element names, *, [n], "
    "[@name='value'], [name='value'], [.='value'], and @name or text() at the end."
)


@dataclass(frozen=True, slots=True)
class Target:
    """The one node that a selector finds.

    Args:
        element: the element itself, or the one that has the attribute or text.
        attribute: the name of the attribute, ``{uri}name`` where it has a namespace.
        text: the text: lxml's string that knows where it stands.
    """

    element: Any
    attribute: str | None = None
    text: Any = None


def select(root: Any, selector: str, namespaces: Mapping[str, str]) -> Target:
    """Find the one node that a selector names.

    Args:
        root: the document's root element.
        selector: the value of ``sel``.
        namespaces: by prefix, as they hold where the selector stands; the default one under "".
            It is that of names without a prefix, other than in XPath 1.0 (RFC 5261, 4.2.2).

    Raises:
        Unfit: it can't be read, or does not find exactly one node.
    """
    # Prefixes of our own, because lxml has no way to say what holds for names without one.
    own = {prefix: f"n{n}" for n, prefix in enumerate(["xml", *namespaces])}
    expression = "/" + "/".join(_steps(selector, own))
    uris = {own[prefix]: uri for prefix, uri in {"xml": XML, **namespaces}.items()}
    found = root.getroottree().xpath(expression, namespaces=uris)
    if len(found) != 1:
        what = f"{len(found)} nodes" if found else "nothing"
        raise Unfit(f"sel finds {what} in the resource; it must find one node.")
    node = found[0]
    if etree.iselement(node):
        return Target(node)
    if node.is_attribute:
        return Target(node.getparent(), attribute=node.attrname)
    return Target(node.getparent(), text=node)


def attribute_name(name: str, namespaces: Mapping[str, str]) -> str:
    """Give the name of an attribute as lxml spells it, ``{uri}name``.

    Args:
        name: with or without a prefix.
        namespaces: by prefix.

    Raises:
        Unfit: it is no name, or its prefix is not declared.
    """
    if not re.fullmatch(_QNAME, name):
        raise Unfit("type must be @ and the name of an attribute.")
    prefix, colon, local = name.rpartition(":")
    uri = {"xml": XML, **namespaces}.get(prefix) if colon else None
    if colon and uri is None:
        raise Unfit("a prefix is not declared in the patch.")
    return f"{{{uri}}}{local}" if uri else local


def _steps(selector: str, own: Mapping[str, str]) -> list[str]:
    text = selector.strip().removeprefix("/")
    parts = _PARTS.findall(text) if len(text) <= MAX_LENGTH else []
    if not parts or "/".join(parts) != text:
        raise Unfit(NOT_UNDERSTOOD, "not-supported")
    return [*(_step(part, own) for part in parts[:-1]), _last(parts[-1], own)]


def _last(part: str, own: Mapping[str, str]) -> str:
    if _TEXT.fullmatch(part):
        return part
    attribute = _ATTRIBUTE.fullmatch(part)
    if attribute:
        return f"@{_renamed(attribute['name'], own)}"
    return _step(part, own)


def _step(part: str, own: Mapping[str, str]) -> str:
    step = _STEP.fullmatch(part)
    if step is None:
        raise Unfit(NOT_UNDERSTOOD, "not-supported")
    name = step["name"] if step["name"] == "*" else _renamed(step["name"], own, element=True)
    conditions = _EACH_CONDITION.findall(step["conditions"])
    return name + "".join(_condition(each, own) for each in conditions)


def _condition(text: str, own: Mapping[str, str]) -> str:
    compared = _COMPARED.match(text)
    if compared is None:
        return text
    name = _renamed(compared["name"], own, element=not compared["at"])
    return f"[{compared['at']}{name}={text[compared.end() :]}"


def _renamed(name: str, own: Mapping[str, str], *, element: bool = False) -> str:
    prefix, colon, local = name.rpartition(":")
    if colon and prefix not in own:
        raise Unfit("a prefix in sel is not declared in the patch.")
    return f"{own[prefix]}:{local}" if colon or (element and "" in own) else name
