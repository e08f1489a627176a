"""Nothing reads the store past who asks."""

from __future__ import annotations

import inspect
from pathlib import Path

from fhir_server.security.guarded_figures import GuardedFigures
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.security.referring import Referring
from fhir_server.storage.snapshot import Snapshot

ROOT = Path(__file__).parents[2]
# What tells nothing of any resource, or is asked with references that the law checks already.
HARMLESS = {"labels_of", "written_since", "tokens_of_type", "referrers", "types_referring_to"}


def test_every_read_of_the_store_is_guarded() -> None:
    """R111: a read that is added to the snapshot is restricted, or named here with a reason."""
    reads = {
        name
        for name, _ in inspect.getmembers(Snapshot, inspect.isfunction)
        if not name.startswith("_")
    }
    guarded = (*vars(GuardedStore), *vars(GuardedFigures), *vars(Referring))
    own = {name for name in guarded if not name.startswith("_")}
    assert reads - own - HARMLESS == set()


# Modules that open collections of the store: of jobs, of what is registered, of conformance; and
# those that load, reindex, destroy and examine for an operator; of the audit trail, and whom it is
# about.
OPENERS = {
    "api/audit.py",
    "api/asynchronous.py",
    "app.py",
    "bulk/conformance.py",
    "bulk/packages.py",
    "bulk/purge.py",
    "bulk/reindex.py",
    "commands/audit.py",
    "commands/export_person.py",
    "doctor.py",
    "interactions/conformance_changes.py",
    "interactions/derivation.py",
    "interactions/live_conformance.py",
    "interactions/search_changes.py",
    "operations/security/access_log.py",
    "operations/security/access_sample.py",
    "operations/standard/purge.py",
    "security/guarded_store.py",
    "serving.py",
}


def test_only_known_modules_open_collections() -> None:
    """R111: there is no second way to what is stored."""
    package = ROOT / "fhir_server"
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if ".collections" in path.read_text("utf-8") and path.parent.name != "storage"
    }
    assert found <= OPENERS
