"""Terminology over R4's tables and resources that a test names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir.locations import definition_directories
from fhir_server.profiles.definitions import Definitions
from fhir_server.terminology.terminology import Terminology

Published = Callable[..., Terminology]


@pytest.fixture(scope="session")
def r4() -> Terminology:
    """R4's terminology, and the project's own."""
    return Terminology(Definitions.load())


@pytest.fixture
def published(tmp_path: Path, r4: Terminology) -> Published:
    """Give terminology with R4's tables and some resources in files."""

    def made(*resources: dict[str, Any], **options: Any) -> Terminology:
        for number, resource in enumerate(resources):
            (tmp_path / f"{number:03}.json").write_text(json.dumps(resource), "utf-8")
        definitions = Definitions.load([definition_directories()[0], tmp_path])
        return Terminology(definitions, **options)

    return made
