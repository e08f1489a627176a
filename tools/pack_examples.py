"""Packs the example resources of hl7.fhir.r4.examples into tests/data/r4-examples.tar.xz.

Run by hand, on an unpacked package: ``python -m tools.pack_examples path/to/package``. The
resources lose their indentation and keep every digit; nothing else is changed.
"""

from __future__ import annotations

import io
import lzma
import sys
import tarfile
from pathlib import Path

from fhir_server.fhir import json

ARCHIVE = Path(__file__).parent.parent / "tests" / "data" / "r4-examples.tar.xz"


def pack(package: Path, archive: Path) -> int:
    """Write the archive, and give the number of resources in it.

    Args:
        package: the folder with the package's JSON files.
        archive: the file to write.
    """
    names = sorted(path.name for path in package.glob("*.json") if path.name != "package.json")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (
        lzma.open(archive, "wb", preset=9 | lzma.PRESET_EXTREME) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in names:
            data = json.dump(json.parse((package / name).read_bytes()))
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return len(names)


if __name__ == "__main__":
    print(pack(Path(sys.argv[1]), ARCHIVE), "resources packed")
