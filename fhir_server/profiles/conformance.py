"""Conformance resources: those that the project itself publishes (profiles/se), and others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson


class ConformanceSource(Protocol):
    """Conformance resources that are stored, beside the published ones."""

    def get(self, resource_type: str, canonical: str) -> Mapping[str, Any] | None:
        """Give a resource by canonical, which may end in ``|version``; a profile with snapshot."""

    def of_type(self, resource_type: str) -> Iterator[Mapping[str, Any]]:
        """Give the resources of a type; reads each of them."""

    def urls(self, resource_type: str) -> Collection[str]:
        """Give the urls of a type."""

    def profiles_of(self, type_name: str) -> Collection[str]:
        """Give the canonicals of the profiles on a resource type or data type."""


class ConformanceResources:
    """Published resources by type and canonical url.

    Args:
        directories: folders with one JSON file per resource, and with the ``package.json`` that
            names the canonical base.
    """

    def __init__(self, directories: Iterable[Path]) -> None:
        self.canonical = ""
        self.package_name = ""
        self._by_url: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._by_id: dict[tuple[str, str], Mapping[str, Any]] = {}
        for directory in directories:
            for path in sorted(directory.glob("*.json")):
                self._add(path.name, orjson.loads(path.read_bytes()))

    def get(self, resource_type: str, url: str) -> Mapping[str, Any] | None:
        """Give the resource with a canonical url (a version after ``|`` is left out of account)."""
        return self._by_url.get((resource_type, url.partition("|")[0]))

    def with_id(self, resource_type: str, id_: str) -> Mapping[str, Any] | None:
        """Give the resource with a logical id."""
        return self._by_id.get((resource_type, id_))

    def of_type(self, resource_type: str) -> Iterator[Mapping[str, Any]]:
        """Give the resources of a type, in the order of their file names."""
        for (kind, _), resource in self._by_url.items():
            if kind == resource_type:
                yield resource

    def _add(self, name: str, content: Any) -> None:
        if name == "package.json":
            self.canonical = str(content.get("canonical", "")).rstrip("/")
            self.package_name = str(content.get("name", ""))
        elif isinstance(content, dict) and "resourceType" in content and "url" in content:
            self._by_url[content["resourceType"], content["url"]] = content
            self._by_id[content["resourceType"], str(content.get("id"))] = content
