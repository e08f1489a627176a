"""Sends every published example of R4 through a running server, in JSON and in XML.

Run by hand: ``python -m tools.round_trip_examples http://127.0.0.1:8000/fhir``. The server must
not check references (``FHIR_SERVER_REFERENTIAL_INTEGRITY_ON_WRITE=false``): the examples refer to
what is not there. Each is PUT as JSON, read as JSON and as XML, PUT as XML, and read as JSON again;
what is read must be what was sent, digit for digit.
"""

from __future__ import annotations

import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.progress import track

from fhir_server.fhir import json

ARCHIVE = Path(__file__).parent.parent / "tests" / "data" / "r4-examples.tar.xz"
COUNT = 5306
JSON = "application/fhir+json"
XML = "application/fhir+xml"


def examples(archive: Path = ARCHIVE) -> Iterator[tuple[str, bytes]]:
    """Give the name and the JSON of each."""
    with tarfile.open(archive, "r|xz") as packed:
        for entry in packed:
            file = packed.extractfile(entry)
            assert file is not None
            yield entry.name.removesuffix(".json"), file.read()


def content(data: bytes) -> bytes:
    """Spell a resource in one way, without what the server sets."""
    resource: dict[str, Any] = json.parse(data)
    meta = resource.pop("meta", {})
    kept = {k: v for k, v in meta.items() if k not in ("versionId", "lastUpdated")}
    whole = {**resource, "meta": kept} if kept else resource
    return orjson.dumps(
        whole, default=lambda v: orjson.Fragment(bytes(v)), option=orjson.OPT_SORT_KEYS
    )


def round_trip(client: httpx.Client, data: bytes) -> str:
    """Send one example there and back, and say what came of it."""
    resource = json.parse(data)
    path = f"{resource['resourceType']}/{resource['id']}"
    put = client.put(path, content=data, headers={"Content-Type": JSON, "Accept": JSON})
    if not put.is_success:
        return f"refused with {put.status_code}: {_first_issue(put)}"
    wanted = content(data)
    if content(client.get(path, headers={"Accept": JSON}).content) != wanted:
        return "CHANGED as JSON"
    as_xml = client.get(path, headers={"Accept": XML})
    if not as_xml.headers["Content-Type"].startswith(XML):
        return f"NOT READ as XML: {as_xml.status_code}"
    again = client.put(path, content=as_xml.content, headers={"Content-Type": XML, "Accept": JSON})
    if not again.is_success:
        return f"REFUSED as XML with {again.status_code}: {_first_issue(again)}"
    same = content(client.get(path, headers={"Accept": JSON}).content) == wanted
    return "the same" if same else "CHANGED by XML"


def _first_issue(response: httpx.Response) -> str:
    issue = response.json()["issue"][0]
    return f"{issue['code']} at {issue.get('expression', ['no place'])[0]}"


def main(base: str) -> int:
    """Send all examples, print what was refused and the sum; give the number of changed ones."""
    console = Console()
    outcomes: Counter[str] = Counter()
    with httpx.Client(base_url=base, timeout=120) as client:
        for name, data in track(examples(), "Sending", total=COUNT, console=console):
            outcome = round_trip(client, data)
            outcomes[outcome.partition(":")[0]] += 1
            if outcome != "the same":
                console.print(f"{name}: {outcome}", highlight=False)
    for outcome, count in outcomes.most_common():
        console.print(f"{count:6} {outcome}", highlight=False)
    return sum(count for outcome, count in outcomes.items() if outcome[:3].isupper())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) > 0)
