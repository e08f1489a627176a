"""Roles as data."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from fhir_server.security import roles
from tests.unit.security.access_parts import ROLES, TYPES

PAGE = Path(__file__).parents[3] / "docs/security/access.md"
PUBLISHED: dict[str, Any] = json.loads(
    resources.files("fhir_server.security").joinpath("roles.json").read_text("utf-8")
)


def test_the_page_tells_of_every_role_what_the_roles_say() -> None:
    """Issue 7: roles are data, and the page about them is held to it."""
    rows = {
        cells[0].strip("` "): cells[1:]
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("| `")
        and len(cells := [c.strip() for c in line.strip("|").split("|")]) == 6
    }
    assert set(rows) == set(PUBLISHED["roles"])
    for name, said in PUBLISHED["roles"].items():
        wanted = [
            said["kind"],
            *(
                ", ".join(said.get(key, ())) or "–"
                for key in ("read", "create", "update", "delete")
            ),
        ]
        assert rows[name] == wanted, name


def test_nobody_but_the_administrator_deletes_or_chooses_ids() -> None:
    """R112: PDL 3 kap. 17 §; ids of one's choice would tell which are taken."""
    for name, role in ROLES.by_name.items():
        assert bool(role.types["d"]) == (name == "administrator")
        assert role.chooses_ids == (name == "administrator")


def test_who_sees_figures_sees_no_care_but_as_staff() -> None:
    """Issue 7: analysts get figures alone."""
    analyst = ROLES.by_name["analyst"]
    assert analyst.aggregates
    assert not any(analyst.may(letter, "Patient") for letter in "cruds")


def test_every_type_is_in_one_group() -> None:
    """A type in none is care; one in two would be read by who may read either."""
    listed = [type_ for types in PUBLISHED["groups"].values() for type_ in types]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(TYPES)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"read": ["Patiet"]}, "Patiet"),
        ({"kind": None}, None),
    ],
)
def test_a_file_of_roles_that_does_not_fit_is_refused_with_the_reason(
    change: dict[str, Any], said: str | None, tmp_path: Path
) -> None:
    """A misspelt type would silently give nobody the right."""
    own = json.loads(json.dumps(PUBLISHED))
    if said is None:
        del own["roles"]["reader"]["kind"]
    else:
        own["roles"]["reader"] |= change
    path = tmp_path / "roles.json"
    path.write_text(json.dumps(own), "utf-8")
    with pytest.raises(ValueError, match=said or "kind"):
        roles.load(path, TYPES)
