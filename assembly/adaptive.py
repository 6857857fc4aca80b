"""Item response theory for adaptive sections: ability, the next item, and when to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl, urlencode

ENGINE = "urn:invigil:adaptive:eap-1"
SETTINGS = "urn:invigil:adaptive:settings"
POINTS = tuple(-4 + 8 * i / 60 for i in range(61))


class Chooser(Protocol):
    def below(self, n: int, label: str) -> int: ...


class SettingsError(ValueError):
    """The settings of an adaptive section cannot be understood; the message is a full sentence."""


@dataclass(frozen=True, slots=True)
class Settings:
    """When an adaptive section stops and how widely it chooses.

    `standard_error` is on the ability scale (0.30 is a reliability of about .91); `scaling` is the
    constant D of the logistic model (1, or 1.7 for parameters calibrated to the normal ogive).
    """

    min_items: int = 1
    max_items: int = 20
    standard_error: float | None = None
    best: int = 5
    scaling: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.min_items <= self.max_items:
            raise SettingsError("An adaptive section needs 1 <= min-items <= max-items.")
        if self.best < 1 or self.scaling <= 0 or (self.standard_error or 1) <= 0:
            raise SettingsError(
                "In an adaptive section best, scaling and standard-error are above 0."
            )

    @classmethod
    def from_href(cls, href: str | None) -> Self:
        name, _, query = (href or SETTINGS).partition("?")
        if name != SETTINGS:
            raise SettingsError(f"These adaptive settings are not ours to read: {name}.")
        return cls.from_json({key.replace("-", "_"): value for key, value in parse_qsl(query)})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        kinds = {
            "min_items": int,
            "max_items": int,
            "standard_error": float,
            "best": int,
            "scaling": float,
        }
        unknown = set(data) - set(kinds)
        if unknown:
            raise SettingsError(f"Unknown adaptive setting: {', '.join(sorted(unknown))}.")
        try:
            given = {key: kinds[key](value) for key, value in data.items() if value is not None}
        except ValueError as error:
            raise SettingsError(f"An adaptive setting is not a number: {error}.") from error
        return cls(**given)

    def to_json(self) -> dict[str, int | float | None]:
        return {
            "min_items": self.min_items,
            "max_items": self.max_items,
            "standard_error": self.standard_error,
            "best": self.best,
            "scaling": self.scaling,
        }

    def href(self) -> str:
        given = {
            key.replace("_", "-"): f"{value:g}"
            for key, value in self.to_json().items()
            if value is not None
        }
        return f"{SETTINGS}?{urlencode(given)}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item of the pool: discrimination `a`, difficulty `b`, lower asymptote `c`."""

    key: str
    a: float
    b: float
    c: float = 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An item of the pool that was given, with its score as a share of its maximum (0 to 1)."""

    key: str
    score: float


@dataclass(frozen=True, slots=True)
class Estimate:
    theta: float
    standard_error: float


def probability(item: Candidate, theta: float, scaling: float = 1.0) -> float:
    """The chance of a right answer in the three-parameter logistic model."""
    return item.c + (1 - item.c) / (1 + exp(-scaling * item.a * (theta - item.b)))


def information(item: Candidate, theta: float, scaling: float = 1.0) -> float:
    """Fisher information of one item at an ability."""
    p = probability(item, theta, scaling)
    if not 0 < p < 1:
        return 0.0
    return float((scaling * item.a) ** 2 * ((p - item.c) / (1 - item.c)) ** 2 * (1 - p) / p)


def estimate(
    pool: Sequence[Candidate], given: Sequence[Answered], scaling: float = 1.0
) -> Estimate:
    """Expected a posteriori ability on 61 points of [-4, 4] under a standard normal prior."""
    items = {item.key: item for item in pool}
    weights = [
        exp(-theta * theta / 2) * _likelihood(items, given, theta, scaling) for theta in POINTS
    ]
    total = sum(weights)
    mean = sum(w * theta for w, theta in zip(weights, POINTS, strict=True)) / total
    variance = (
        sum(w * (theta - mean) ** 2 for w, theta in zip(weights, POINTS, strict=True)) / total
    )
    return Estimate(mean, sqrt(variance))


def _likelihood(
    items: Mapping[str, Candidate], given: Sequence[Answered], theta: float, scaling: float
) -> float:
    product = 1.0
    for answer in given:
        p = probability(items[answer.key], theta, scaling)
        score = min(1.0, max(0.0, answer.score))
        # A partial score counts as that share of a right and of a wrong answer.
        product *= p**score * (1 - p) ** (1 - score)
    return product


def next_item(
    settings: Settings,
    pool: Sequence[Candidate],
    given: Sequence[Answered],
    stream: Chooser,
    label: str,
) -> str | None:
    """The key of the next item, or None when the section is over.

    Among the `best` most informative items left, the keyed stream chooses, so that no single item
    is seen by everybody and no candidate can foretell the next one.
    """
    seen = {answer.key for answer in given}
    left = [item for item in pool if item.key not in seen]
    if not left or len(given) >= settings.max_items:
        return None
    now = estimate(pool, given, settings.scaling)
    if len(given) >= settings.min_items and now.standard_error <= (settings.standard_error or 0.0):
        return None
    ranked = sorted(
        left, key=lambda item: (-information(item, now.theta, settings.scaling), item.key)
    )
    best = ranked[: settings.best]
    return best[stream.below(len(best), f"{label}|next:{len(given) + 1}|")].key
