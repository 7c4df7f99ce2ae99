"""SVG charts, written by hand: the same figures give the same bytes, readable on light and dark pages."""

from collections.abc import Sequence
from math import log10
from xml.sax.saxutils import escape

from benchmarks.report import Figure

_WIDTH = 760
_STYLE = (
    "<style>text{font:13px system-ui,sans-serif;fill:#24292f}.bar{fill:#8c959f}.ours{fill:#1a7f5a}.line{fill:none;"
    "stroke:#1a7f5a;stroke-width:2}.dot{fill:#1a7f5a}.axis{stroke:#8c959f;stroke-width:1}.spread{stroke:#24292f;"
    "stroke-width:1.5}.title{font-weight:600}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#6e7681}"
    ".ours,.dot{fill:#3fb98a}.line{stroke:#3fb98a}.axis{stroke:#6e7681}.spread{stroke:#e6edf3}}</style>"
)
_OURS = "rehook_async"
_LABELS, _VALUES = 350, 50
"""Pixels left of the bars for their names, and right of them for their figures."""
_ROW = 26
_LEFT, _TOP, _HEIGHT = 70, 46, 220


def bars(title: str, values: Sequence[tuple[str, Figure]]) -> str:
    """Draw a bar for each figure, longest first, with its quartiles; our own are coloured."""
    values = sorted(values, key=lambda value: -value[1].median)
    scale = (_WIDTH - _LABELS - _VALUES) / max(figure.high for _, figure in values)
    parts = []
    for place, (name, figure) in enumerate(values):
        y = _TOP + _ROW * place
        kind = "ours" if name.startswith(_OURS) else "bar"
        low, middle, high = (_LABELS + scale * x for x in (figure.low, figure.median, figure.high))
        parts += [
            f'<text x="{_LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{kind}" x="{_LABELS}" y="{y}" width="{middle - _LABELS:.1f}" height="18"/>',
            f'<path class="spread" d="M{low:.1f} {y + 9}H{high:.1f}"/>',
            f'<text x="{max(middle, high) + 6:.1f}" y="{y + 13}">{figure.median:.2f}</text>',
        ]
    return _svg(title, _TOP + _ROW * len(values) + 8, parts)


def curve(title: str, x_name: str, values: Sequence[tuple[int, Figure]]) -> str:
    """Draw a line through figures over a logarithmic axis, each with its quartiles."""
    left, right = log10(values[0][0]), log10(values[-1][0])
    highest = 1.1 * max(figure.high for _, figure in values)
    bottom = _TOP + _HEIGHT

    def place(x: int, y: float) -> tuple[float, float]:
        across = (log10(x) - left) / (right - left)
        return _LEFT + across * (_WIDTH - 2 * _LEFT), bottom - y / highest * _HEIGHT

    parts = [f'<path class="axis" d="M{_LEFT - 20} {bottom}H{_WIDTH - _LEFT + 20}"/>']
    points = []
    for x, figure in values:
        across, y = place(x, figure.median)
        points.append(f"{across:.1f} {y:.1f}")
        parts += [
            f'<path class="spread" d="M{across:.1f} {place(x, figure.low)[1]:.1f}V{place(x, figure.high)[1]:.1f}"/>',
            f'<circle class="dot" cx="{across:.1f}" cy="{y:.1f}" r="4"/>',
            f'<text x="{across:.1f}" y="{y - 12:.1f}" text-anchor="middle">{_short(figure.median)}</text>',
            f'<text x="{across:.1f}" y="{bottom + 18}" text-anchor="middle">{x:,}</text>',
        ]
    parts.insert(1, f'<path class="line" d="M{"L".join(points)}"/>')
    parts.append(f'<text x="{_WIDTH / 2:.0f}" y="{bottom + 38}" text-anchor="middle">{escape(x_name)}</text>')
    return _svg(title, bottom + 50, parts)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    heading = f'<title>{escape(title)}</title><text class="title" x="8" y="22">{escape(title)}</text>'
    return "\n".join([head, _STYLE, heading, *parts, "</svg>"]) + "\n"
