"""The spread of a sitting's results as a drawing: bars, axis and mean, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.sitting.reports import Summary

WIDTH = 600
HEIGHT = 220
LEFT, RIGHT, TOP, BOTTOM = 40, 30, 36, 30
GAP = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its place in the drawing's units."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    count: int
    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A histogram ready to be written as SVG; `mean` is its place, None without results."""

    width: int
    height: int
    left: int
    right: int
    floor: int
    top: int
    bars: tuple[Bar, ...]
    shares: tuple[Tick, ...]
    counts: tuple[Tick, ...]
    mean: float | None


def picture(summary: Summary) -> Picture:
    """Lay the bins out; the highest bar fills the height."""
    most = max((found.count for found in summary.bins), default=0) or 1
    inner, floor = WIDTH - LEFT - RIGHT, HEIGHT - BOTTOM
    step, scale = inner / max(1, len(summary.bins)), (floor - TOP) / most
    bars = tuple(
        Bar(
            x=round(LEFT + index * step + GAP / 2, 2),
            y=round(floor - found.count * scale, 2),
            width=round(step - GAP, 2),
            height=round(found.count * scale, 2),
            middle=round(LEFT + (index + 0.5) * step, 2),
            count=found.count,
            lower=found.lower,
            upper=found.upper,
        )
        for index, found in enumerate(summary.bins)
    )
    labels = sorted({0, most // 2, most})
    return Picture(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        floor=floor,
        top=TOP,
        bars=bars,
        shares=tuple(Tick(round(LEFT + inner * s / 100, 2), s) for s in range(0, 101, 20)),
        counts=tuple(Tick(round(floor - count * scale, 2), count) for count in labels),
        mean=None if summary.mean is None else round(LEFT + inner * summary.mean / 100, 2),
    )
