"""The plots of the page, as SVG files: rates beside each other, and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pygal
from lxml import etree
from pygal.style import CleanStyle

Json = dict[str, Any]

_SVG = "{http://www.w3.org/2000/svg}"
_WIDTH, _BAR, _AROUND = 900, 24, 120
RATIOS, TIMES = "performance-ratios.svg", "performance-times.svg"


def draw(document: Json, folder: Path) -> list[Path]:
    """Draw the plots of a run and give their files.

    Args:
        document: of the run.
        folder: where to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    compared = [entry for entry in document["measured"] if "ratio" in entry]
    ratios = {f"{_label(e)} / {e['target']}": e["ratio"]["middle"] for e in compared}
    own = [e for e in document["measured"] if e["target"] == document["reference"]]
    labels = [_label(entry) for entry in own]
    times = {name: [entry["ms"][name] for entry in own] for name in ("p50", "p95", "p99")}
    return [
        _bars(folder / RATIOS, "The secured server is so many times as fast as", list(ratios),
              {"times": list(ratios.values())}, logarithmic=True),
        _bars(folder / TIMES, "Milliseconds to the answer, secured", labels, times,
              logarithmic=True),
    ]  # fmt: skip


def _label(entry: Json) -> str:
    return f"{entry['workload']}, {entry['clients']}"


def _bars(
    path: Path,
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    logarithmic: bool,
) -> Path:
    height = len(labels) * (len(series) * _BAR // 2 + 14) + _AROUND
    chart = pygal.HorizontalBar(
        style=CleanStyle, js=[], width=_WIDTH, height=height, title=title, print_values=True,
        logarithmic=logarithmic, show_legend=len(series) > 1, legend_at_bottom=True,
        value_formatter=lambda value: f"{value:,.2f}" if value else "", no_prefix=True,
    )  # fmt: skip
    # The first label stands lowest: turned, they read from the top.
    chart.x_labels = list(reversed(labels))
    for name, values in series.items():
        # A logarithm of nothing is not drawn.
        chart.add(name, [value or None for value in reversed(values)])
    root = etree.fromstring(chart.render())
    for script in root.iter(f"{_SVG}script"):
        parent = script.getparent()
        assert parent is not None
        parent.remove(script)
    path.write_bytes(etree.tostring(root))
    return path
