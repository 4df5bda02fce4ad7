# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A line chart as SVG, both axes logarithmic: small enough to write by hand, the same bytes for the same numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

# Told apart also by those who see few colours, and in print by their dashes and marks.
_STYLES = (("#b3541e", "7 4"), ("#1f6f8b", ""), ("#4a7c2c", "2 3"))
_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 232, 48, 56
_LABEL_HEIGHT = 17


def plot(title: str, x_name: str, y_name: str, lines: Mapping[str, Mapping[int, float]]) -> str:
    """Draw lines.

    Args:
        title: Above the chart.
        x_name: What the numbers count.
        y_name: What the values are, with their unit.
        lines: Name of a line -> number -> value.
    """
    numbers = sorted({number for line in lines.values() for number in line})
    values = [value for line in lines.values() for value in line.values()]
    ticks = _ticks(min(values), max(values))

    def x(number: float) -> float:
        return _LEFT + _share(number, numbers[0], numbers[-1]) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - _share(value, ticks[0], ticks[-1]) * (_HEIGHT - _TOP - _BOTTOM)

    right = _WIDTH - _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#333" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _text(_LEFT, 26, title, 'font-size="16" font-weight="bold"'),
    ]
    for value in ticks:
        parts.append(f'<path d="M{_LEFT} {y(value):.1f}H{right}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 8, y(value) + 4, f"{value:g}", 'text-anchor="end"'))
    for number in numbers:
        parts.append(f'<path d="M{x(number):.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#eee"/>')
        parts.append(_text(x(number), _HEIGHT - _BOTTOM + 18, f"{number:g}", 'text-anchor="middle"'))
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 14, x_name, 'text-anchor="middle"'))
    parts.append(_text(16, middle, y_name, f'text-anchor="middle" transform="rotate(-90 16 {middle:.1f})"'))
    ends = {name: y(line[max(line)]) for name, line in lines.items()}
    labels = _spread(ends)
    for (name, line), (colour, dashes) in zip(lines.items(), _STYLES, strict=False):
        points = [(x(number), y(value)) for number, value in sorted(line.items())]
        path = "L".join(f"{left:.1f} {top:.1f}" for left, top in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>')
        parts += [f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3.5" fill="{colour}"/>' for left, top in points]
        if abs(labels[name] - ends[name]) > 1:
            parts.append(f'<path d="M{right + 5} {ends[name]:.1f}L{right + 11} {labels[name]:.1f}" stroke="{colour}"/>')
        parts.append(_text(right + 14, labels[name] + 4, name, f'fill="{colour}"'))
    return "\n".join([*parts, "</svg>", ""])


def _text(left: float, top: float, text: str, attributes: str) -> str:
    return f'<text x="{left:.1f}" y="{top:.1f}" {attributes}>{escape(text)}</text>'


def _share(value: float, low: float, high: float) -> float:
    return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))


def _ticks(low: float, high: float) -> Sequence[float]:
    """The numbers 1, 2, 5, 10, ... and 0.5, 0.2, ... from just below the least value to just above the largest."""
    steps = [base * 10.0**power for power in range(-6, 7) for base in (1, 2, 5)]
    first = max(index for index, step in enumerate(steps) if step <= low)
    last = min(index for index, step in enumerate(steps) if step >= high)
    return steps[first : max(last, first + 1) + 1]


def _spread(tops: Mapping[str, float]) -> dict[str, float]:
    """Where labels go that would cover each other: apart, in their order, and no lower than the chart's end."""
    placed: dict[str, float] = {}
    floor = float(_HEIGHT - _BOTTOM)
    for name in sorted(tops, key=lambda name: tops[name], reverse=True):
        placed[name] = min(tops[name], floor)
        floor = placed[name] - _LABEL_HEIGHT
    return placed
