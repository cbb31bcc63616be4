"""The report, ``performance.md``, and its plot."""

import html
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, Section
from benchmarks.world import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"
PLOT = Path("images") / "performance.svg"

_CONDITIONS = (
    "One run of `make bench`, {date}, on {machine}, at a load average of {load:.0f}. "
    "What is compared was run in turn, and the figures are medians. Written by `benchmarks/`; the "
    "remarks at the end are by hand. How requests behave under load, and as the table grows: "
    "[load.md](load.md).\n"
)
_ROW, _LABEL, _BAR, _NUMBER = 26, 390, 300, 220
_LIMIT = 0.05
"""How near to its budget, as a share, a measured figure says nothing: three runs decide."""
_SCALE = 2.0
"""The share of a budget that the full width of the bars represents."""


def write(sections: Sequence[Section], remarks: str, folder: Path) -> Path:
    """Write the report of one run, and its plot, into a folder; return the report's path."""
    figures = [figure for section in sections for figure in section.figures]
    (folder / PLOT).parent.mkdir(parents=True, exist_ok=True)
    (folder / PLOT).write_text(_plot(figures))
    parts = [
        "# Performance\n",
        _CONDITIONS.format(
            date=f"{datetime.now(UTC):%d %B %Y}", machine=_machine(), load=os.getloadavg()[2]
        ),
        "## Budgets\n",
        _table(
            ["what", "reached", "budget", ""],
            [
                (each.what, _number(each.reached, each.unit), _budget(each), _verdict(each))
                for each in figures
            ],
        ),
        "![Share of each budget that is used](images/performance.svg)\n",
    ]
    for section in sections:
        parts += [f"## {section.title}\n", f"{section.how}\n"]
        parts.append(_table(section.columns, section.rows))
    document = folder / DOCUMENT.name
    document.write_text("\n".join([*parts, remarks]))
    return document


def remarks() -> str:
    """Return what was written by hand below the last report."""
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    _, mark, rest = text.partition("## Remarks\n")
    return mark + rest


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    return f"{os.cpu_count()} cores of {model or os.uname().machine}"


def _number(value: float, unit: str) -> str:
    text = f"{value:.0f}" if value == round(value) or value >= 100 else f"{value:.2f}"
    return f"{text} {unit}".strip()


def _budget(figure: Figure) -> str:
    return f"{figure.bound} {figure.budget:g} {figure.unit}".strip()


def _verdict(figure: Figure) -> str:
    # What is measured varies from run to run; what is counted does not.
    if figure.unit and abs(figure.share - 1) <= _LIMIT:
        return "at the limit"
    return "met" if figure.is_met else "**missed**"


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _plot(figures: Sequence[Figure]) -> str:
    """Draw a bar for each figure: how much of its budget it uses."""
    width, height = _LABEL + _BAR + _NUMBER, _ROW * (len(figures) + 1) + 12
    line = _LABEL + _BAR / _SCALE
    shapes = [
        f'<line x1="{line}" y1="{_ROW - 4}" x2="{line}" y2="{height - 6}" class="budget"/>',
        f'<text x="{line}" y="{_ROW - 10}" text-anchor="middle">budget</text>',
    ]
    for row, figure in enumerate(figures, 1):
        top = row * _ROW
        length = min(figure.share, _SCALE) / _SCALE * _BAR
        number = f"{_number(figure.reached, figure.unit)} ({_budget(figure)})"
        kind, middle = "met" if figure.is_met else "missed", top + 17
        label, text = html.escape(figure.what), html.escape(number)
        shapes += [
            f'<text x="{_LABEL - 8}" y="{middle}" text-anchor="end">{label}</text>',
            f'<rect x="{_LABEL}" y="{top + 5}" width="{length:.1f}" height="16" class="{kind}"/>',
            f'<text x="{_LABEL + _BAR + 8}" y="{middle}">{text}</text>',
        ]
    style = (
        "text{font:13px sans-serif;fill:#161616}.met{fill:#18753c}.missed{fill:#b34000}"
        ".budget{stroke:#3a3a3a;stroke-dasharray:4 3}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Share of each budget that is used"><style>{style}</style>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )
