"""This project's server as targets: secured, as it counts, and open, to tell what security costs.

Both stand on the same MongoDB. The secured server checks tokens of its own (`local_tokens`), keeps
the audit trail and limits nobody's rate. It has the published roles and one more, `benchmark`: a
system that may also delete records of care and choose ids, which no published role may.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import resources
from pathlib import Path

from benchmarks import synthea
from benchmarks.servers import Running, fhir_server, workers_of
from benchmarks.targets import DATABASE, SERVER, Target, with_children
from fhir_server.security.authentication import local_tokens
from fhir_server.storage import embedded

DATABASE_NAME = "fhir"
SECURED, OPEN = "secured", "open"
# Who asks: of all hospitals, of the region, and for figures.
OF_SYNTHEA, OF_REGION, ANALYST = "synthea", "region", "analyst"
ROLE = "benchmark"
# As much as a run can fill, and less than MongoDB takes by itself (half of the memory). PostgreSQL
# gets the same (`peers/hapi.py`).
CACHE_GB = 4.0
_TOKEN_MINUTES = 600.0


@contextlib.contextmanager
def database(folder: Path) -> Iterator[embedded.EmbeddedMongod]:
    """Start a MongoDB for the time of a run."""
    mongod = embedded.start(folder / "mongo", cache_gb=CACHE_GB)
    try:
        yield mongod
    finally:
        mongod.stop()


@contextlib.contextmanager
def targets(
    folder: Path, mongod: embedded.EmbeddedMongod, region_hsa: str, *, open_too: bool = True
) -> Iterator[list[Target]]:
    """Start the secured server, and the open one.

    Args:
        folder: for keys and the audit trail.
        mongod: where the data are.
        region_hsa: HSA-id of the made-up region's vårdgivare.
        open_too: whether the open one is measured.
    """
    _load_provider(folder, mongod.uri)
    roles = _roles(folder)
    common = {"FHIR_SERVER_LOG_LEVEL": "warning", "FHIR_SERVER_RATE_LIMIT": "off"}
    secured = {
        **common,
        "FHIR_SERVER_LOCAL_TOKENS": "true",
        "FHIR_SERVER_ROLES": str(roles),
        "FHIR_SERVER_DATA_DIR": str(folder / "secured"),
    }
    with contextlib.ExitStack() as stack:
        guarded = stack.enter_context(fhir_server(folder, mongod.uri, **secured))
        tokens = _tokens(folder / "secured", region_hsa)
        found = [
            Target(
                SECURED, _base(guarded), partial(_processes, guarded, mongod.pid), tokens, ours=True
            )
        ]
        if open_too:
            plain = {**common, "FHIR_SERVER_DATA_DIR": str(folder / "open")}
            free = stack.enter_context(fhir_server(folder, mongod.uri, **plain))
            found.append(
                Target(
                    OPEN, _base(free), partial(_processes, free, mongod.pid),
                    shares_data_with=SECURED, ours=True,
                )
            )  # fmt: skip
        yield found


def _load_provider(folder: Path, uri: str) -> None:
    """Store the unit that the principal acts for: nobody acts for one that is not there."""
    path = folder / "provider.json"
    path.write_text(json.dumps(synthea.provider()))
    command = [sys.executable, "-m", "fhir_server.cli", "load", "--quiet", "--mongodb-uri", uri]
    subprocess.run([*command, str(path)], check=True)


def worker_pids(pid: int) -> list[int]:
    """Give the processes below a server that answer requests."""
    return [worker.pid for worker in workers_of(pid)]


def _base(server: Running) -> str:
    return f"http://127.0.0.1:{server.port}/fhir"


def _processes(server: Running, mongod: int) -> Mapping[str, list[int]]:
    return {SERVER: with_children(server.process.pid), DATABASE: [mongod]}


def _tokens(folder: Path, region_hsa: str) -> dict[str, str]:
    def system(hsa: str, role: str = ROLE) -> str:
        claims = {
            "sub": "bench", "client_id": "bench", "role": role, "unit": hsa, "provider": hsa,
            "scope": "system/*.cruds",
        }  # fmt: skip
        return local_tokens.issue(folder, claims, _TOKEN_MINUTES)

    return {
        OF_SYNTHEA: system(synthea.PROVIDER_HSA),
        OF_REGION: system(region_hsa),
        ANALYST: system(region_hsa, "analyst"),
    }


def _roles(folder: Path) -> Path:
    published = resources.files("fhir_server.security").joinpath("roles.json").read_text("utf-8")
    roles = json.loads(published)
    writable = ["care", "directory"]
    roles["roles"][ROLE] = {
        **roles["roles"]["system"],
        "create": writable,
        "update": writable,
        "delete": writable,
        "chooses_ids": True,
    }
    path = folder / "roles.json"
    path.write_text(json.dumps(roles))
    return path
