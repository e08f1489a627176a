"""XML Patch on a resource as FHIR XML.

    <diff xmlns:f="http://hl7.org/fhir">
      <replace sel="f:Patient/f:birthDate/@value">1890-02-02</replace>
      <add sel="f:Patient/f:name[1]" pos="after"><f:name>…</f:name></add>
      <remove sel="f:Patient/f:contact[1]"/>
    </diff>

Source: https://www.rfc-editor.org/rfc/rfc5261
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from lxml import etree

from fhir_server.interactions.patches.content import without_empty
from fhir_server.interactions.patches.refusals import Unfit, malformed, refused, require_few
from fhir_server.interactions.patches.xml_selectors import Target, attribute_name, select
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.xml_format import XmlFormat

ALLOWED = {
    "add": {"sel", "pos", "type"},
    "replace": {"sel"},
    "remove": {"sel", "ws"},
}
ROOTS = ("diff", "patch")
POSITIONS = ("before", "after", "prepend")


class XmlPatch:
    """An XML Patch document.

    Args:
        definitions: what types have which elements.
        body: the document.

    Raises:
        FhirError: 400 for what is no XML Patch, 413 for too many operations.
    """

    def __init__(self, definitions: Definitions, body: bytes) -> None:
        self._format = XmlFormat(definitions)
        root = _parsed(body)
        if etree.QName(root).localname not in ROOTS:
            text = "An XML Patch is an element diff (RFC 5261) or patch (RFC 7351)."
            raise malformed(text, code="structure")
        self._operations = list(root.iterchildren("*"))
        require_few(len(self._operations))
        for number, operation in enumerate(self._operations):
            _require_form(number, operation)

    def apply(self, resource: dict[str, Any]) -> Any:
        """Give the resource with the operations carried out; the given one is left as it is.

        Raises:
            FhirError: 422, an operation does not fit the resource; 400, the result is no FHIR.
        """
        before = self._format.dump(resource)
        root = etree.fromstring(before, _parser(huge_tree=True))
        unchanged = etree.tostring(root)
        for number, operation in enumerate(self._operations):
            kind = etree.QName(operation).localname
            try:
                _carry_out(kind, operation, root)
            except Unfit as unfit:
                raise refused(number, kind, unfit) from None
        after = etree.tostring(root, encoding="UTF-8")
        if etree.tostring(root) == unchanged:
            return resource  # in XML the order of properties is another
        return without_empty(self._format.parse(after))


def _parser(*, huge_tree: bool = False) -> Any:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=huge_tree,
        remove_comments=True,
        remove_pis=True,
    )


def _parsed(body: bytes) -> Any:
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError):
        raise malformed("The patch is not well-formed XML.", code="structure") from None
    if root.getroottree().docinfo.doctype:
        raise malformed("The patch must not have a document type.", code="structure")
    return root


def _require_form(number: int, operation: Any) -> None:
    kind = etree.QName(operation).localname
    if kind not in ALLOWED:
        text = f"Operation {number}: an operation is one of {', '.join(ALLOWED)}."
        raise malformed(text, code="structure")
    if not operation.get("sel"):
        raise malformed(f"Operation {number}: {kind} needs sel.", code="required")
    unknown = sorted(set(operation.attrib) - ALLOWED[kind])
    if unknown:
        text = f"Operation {number}: {kind} takes {', '.join(sorted(ALLOWED[kind]))}."
        raise malformed(text, code="structure")
    if operation.get("pos") not in (None, *POSITIONS):
        text = f"Operation {number}: pos must be one of {', '.join(POSITIONS)}."
        raise malformed(text, code="value")


def _carry_out(kind: str, operation: Any, root: Any) -> None:
    namespaces = {prefix or "": uri for prefix, uri in operation.nsmap.items()}
    target = select(root, operation.get("sel"), namespaces)
    actions: dict[str, Callable[[Any, Target, dict[str, str]], None]] = {
        "add": _add,
        "replace": _replace,
        "remove": _remove,
    }
    actions[kind](operation, target, namespaces)


def _add(operation: Any, target: Target, namespaces: dict[str, str]) -> None:
    if target.attribute is not None:
        raise Unfit("sel of add must find an element.")
    type_ = operation.get("type", "")
    if type_.startswith("@"):
        name = attribute_name(type_[1:], namespaces)
        if name in target.element.attrib:
            raise Unfit("the attribute is there already; replace it.")
        target.element.set(name, _only_text(operation))
    elif type_.startswith("namespace::"):
        # Declared in the patch, a prefix is known to its operations; resources keep none.
        _only_text(operation)
    elif type_:
        raise Unfit("type must be @ and a name, or namespace:: and a prefix.")
    else:
        _insert(operation, target)


def _insert(operation: Any, target: Target) -> None:
    if target.text is not None:
        raise Unfit("beside a text nothing can be added; replace the text.", "not-supported")
    position, element, parent = operation.get("pos"), target.element, target.element.getparent()
    if position not in ("before", "after"):
        index, behind = len(element), None
        if position == "prepend":
            index, behind, element.text = 0, element.text, None
        _place(operation, element, index, behind)
        return
    if parent is None:
        raise Unfit("beside the resource itself nothing can be added.")
    index, behind = parent.index(element), None
    if position == "after":
        index, behind, element.tail = index + 1, element.tail, None
    _place(operation, parent, index, behind)


def _place(operation: Any, parent: Any, index: int, behind: str | None) -> None:
    """Put what an operation holds in front of a child, and a text behind that."""
    _join_text(parent, index, operation.text)
    new = [deepcopy(child) for child in operation.iterchildren("*")]
    for offset, child in enumerate(new):
        parent.insert(index + offset, child)
    _join_text(parent, index + len(new), behind)


def _join_text(parent: Any, index: int, text: str | None) -> None:
    """Add to the text in front of a child."""
    if text and index == 0:
        parent.text = (parent.text or "") + text
    elif text:
        parent[index - 1].tail = (parent[index - 1].tail or "") + text


def _replace(operation: Any, target: Target, _: dict[str, str]) -> None:
    if target.attribute is not None:
        target.element.set(target.attribute, _only_text(operation))
    elif target.text is not None:
        _set_text(target, _only_text(operation))
    else:
        children = list(operation.iterchildren("*"))
        if len(children) != 1 or _text_of(operation).strip():
            raise Unfit("an element is replaced by one element.")
        parent = target.element.getparent()
        if parent is None:
            raise Unfit("the resource itself can't be replaced; update it.", "not-supported")
        new = deepcopy(children[0])
        new.tail = target.element.tail
        parent.replace(target.element, new)


def _remove(_: Any, target: Target, __: dict[str, str]) -> None:
    if target.attribute is not None:
        del target.element.attrib[target.attribute]
    elif target.text is not None:
        _set_text(target, None)
    else:
        parent = target.element.getparent()
        if parent is None:
            raise Unfit("the resource itself can't be removed; delete it.", "not-supported")
        index = parent.index(target.element)
        _join_text(parent, index, target.element.tail)
        parent.remove(target.element)


def _set_text(target: Target, text: str | None) -> None:
    if target.text.is_tail:
        target.element.tail = text
    else:
        target.element.text = text


def _only_text(operation: Any) -> str:
    if len(operation):
        raise Unfit("text is needed here, not elements.")
    return operation.text or ""


def _text_of(operation: Any) -> str:
    return (operation.text or "") + "".join(child.tail or "" for child in operation)
