"""Charts as SVG for a page: no script, colours of the page, words for those who don't see it.

The table beside a chart has the same numbers; the chart is named, and refers to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pygal
from lxml import etree
from pygal.style import Style

# One bar, and what else the chart needs, in px of its own.
_BAR, _AROUND, _WIDTH = 20, 96, 600
_SVG = "{http://www.w3.org/2000/svg}"
_NOT_SHOWN = ("script", "desc", "title")
# Room for a name in front of its bar.
_LONGEST_LABEL = 30


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart.

    Args:
        name: tells charts of one page apart; an XML name.
        title: what it shows, for those who don't see it.
        labels: of the bars, from the top.
        series: by name, a number for each label; None for none.
        formatted: how a number is written.
        target: where a line stands; None for none.
        top: the end of the axis; None for as far as the bars go.
    """

    name: str
    title: str
    labels: Sequence[str]
    series: Sequence[tuple[str, Sequence[float | None]]]
    formatted: Callable[[float], str]
    target: float | None = None
    top: float | None = None


def svg(bars: Bars) -> str:
    """Draw a chart, to stand in a page."""
    count = len(bars.labels) * len(bars.series)
    chart = pygal.HorizontalBar(
        style=_STYLE,
        js=[],
        width=_WIDTH,
        height=count * _BAR + len(bars.labels) * 8 + len(bars.series) * 20 + _AROUND - 40,
        disable_xml_declaration=True,
        print_values=True,
        print_values_position="top",
        show_legend=len(bars.series) > 1,
        legend_at_bottom=True,
        # pygal rounds the rows down where there are more columns, and draws outside.
        legend_at_bottom_columns=1,
        legend_box_size=14,
        margin=6,
        margin_right=70,
        spacing=12,
        show_x_guides=False,
        show_y_guides=True,
        truncate_label=-1,
        truncate_legend=-1,
        no_data_text="Inga uppgifter",
    )
    # pygal draws from the bottom.
    chart.x_labels = [_short(label) for label in reversed(bars.labels)]
    top = bars.top or _round_top(bars)
    chart.range = (0, top)
    chart.y_labels = _axis(bars, top)
    chart.y_labels_major = [bars.target] if bars.target is not None else []
    chart.value_formatter = lambda number: "" if number is None else bars.formatted(number)
    for name, numbers in bars.series:
        chart.add(name, list(reversed(numbers)))
    chart.uuid = bars.name
    return _named(chart.render(), bars)


_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="var(--ink)",
    foreground_strong="var(--ink)",
    foreground_subtle="var(--line)",
    colors=("var(--bar-1)", "var(--bar-2)", "var(--bar-3)", "var(--bar-4)"),
    value_colors=("var(--ink)",) * 4,
    font_family="inherit",
    label_font_size=14,
    major_label_font_size=14,
    legend_font_size=14,
    value_font_size=13,
    no_data_font_size=18,
    opacity="1",
    opacity_hover="1",
    transition="none",
)


def _axis(bars: Bars, top: float) -> list[dict[str, object]]:
    marks = [top * part for part in (0, 0.5, 1)]
    goal: list[dict[str, object]] = []
    target = bars.target
    if target is not None:
        # A mark so near the target that their words would cover each other gives way.
        marks = [mark for mark in marks if abs(mark - target) > top * 0.15]
        goal = [{"label": f"mål {bars.formatted(target)}", "value": target}]
    return [{"label": bars.formatted(mark), "value": mark} for mark in marks] + goal


def _round_top(bars: Bars) -> float:
    """Give the first round number beyond all bars and the target."""
    numbers = [number for _, found in bars.series for number in found if number is not None]
    most = max([*numbers, bars.target or 0], default=0)
    if most <= 0:
        return 1
    size = 10.0 ** math.floor(math.log10(most))
    return next(size * step for step in (1, 2, 4, 6, 8, 10) if size * step >= most)


def _named(rendered: bytes, bars: Bars) -> str:
    """Take out what a page without script has no use for, and give the chart its name."""
    root = etree.fromstring(rendered)
    for each in list(root.iter(etree.Comment, *(f"{_SVG}{name}" for name in _NOT_SHOWN))):
        parent = each.getparent()
        if parent is not None:
            parent.remove(each)
    for each in root.iterdescendants():
        # They are the same in every chart, and meant for scripts.
        each.attrib.pop("id", "")
    title = etree.Element(f"{_SVG}title", id=f"{bars.name}-title")
    title.text = bars.title
    root.insert(0, title)
    root.set("role", "img")
    root.set("aria-labelledby", f"{bars.name}-title")
    return etree.tostring(root, encoding="unicode")


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
