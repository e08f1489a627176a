"""A wheel built from the project works where the repository is not."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests import http
from tests.conftest import ROOT, free_port


def test_a_wheel_serves_without_the_repository(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "-o",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True, timeout=100)
    [wheel] = tmp_path.glob("fhir_server-*.whl")
    installed = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    where = subprocess.run(
        [sys.executable, "-c", "import fhir_server; print(fhir_server.__file__)"],
        cwd=tmp_path, env=environment, check=True, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    port = free_port()
    options = ["--port", str(port), "--data-dir", str(tmp_path / "data")]
    process = subprocess.Popen(
        [sys.executable, "-m", "fhir_server.cli", "serve", *options],
        cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "is ready" in line:
                break
        demo = [
            sys.executable,
            "-m",
            "fhir_server.cli",
            "demo",
            "--data-dir",
            str(tmp_path / "data"),
        ]
        loaded = subprocess.run(
            demo,
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert loaded.returncode == 0, loaded.stderr
        answer = http.get(
            f"http://127.0.0.1:{port}/fhir/Patient/albertina-hammar/$named-contacts", timeout=10
        )
        assert answer.json()["total"] == 3
        for form, beginning in (("html", b"<!DOCTYPE html>"), ("pdf", b"%PDF-")):
            card = http.get(f"{answer.url}?_format={form}", timeout=30)
            assert card.content.startswith(beginning), card.text
    finally:
        process.terminate()
        process.communicate(timeout=30)
