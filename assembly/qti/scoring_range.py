"""The highest score an item can give, where its declarations tell."""

import math
from collections.abc import Iterator, Mapping

from assembly.qti import response_templates, values
from assembly.qti.declarations import OutcomeDeclaration, ResponseDeclaration
from assembly.qti.processing import Rules
from assembly.qti.values import Cardinality


def maximum(
    outcomes: Mapping[str, OutcomeDeclaration],
    responses: Mapping[str, ResponseDeclaration],
    rules: Rules,
) -> float | None:
    """SCORE's normal maximum, else MAXSCORE's default, else what a standard template can give."""
    return next(
        (found for found in _sources(outcomes, responses, rules) if found is not None), None
    )


def _sources(
    outcomes: Mapping[str, OutcomeDeclaration],
    responses: Mapping[str, ResponseDeclaration],
    rules: Rules,
) -> Iterator[float | None]:
    if "SCORE" in outcomes:
        yield outcomes["SCORE"].normal_maximum
    if "MAXSCORE" in outcomes:
        default = outcomes["MAXSCORE"].default
        if default is not None and default.base_type in values.NUMERIC:
            yield float(str(default.scalar))
    if rules == response_templates.TEMPLATES["match_correct"]:
        yield 1.0
    response = responses.get("RESPONSE")
    if response is not None and rules == response_templates.TEMPLATES["map_response"]:
        yield _of_mapping(response)
    if response is not None and rules == response_templates.TEMPLATES["map_response_point"]:
        yield _of_areas(response)


def _best(mapped: list[float], response: ResponseDeclaration) -> float | None:
    if not mapped:
        return None
    if response.cardinality is Cardinality.SINGLE:
        return max(mapped)
    return math.fsum(number for number in mapped if number > 0)


def _of_mapping(response: ResponseDeclaration) -> float | None:
    mapping = response.mapping
    if mapping is None:
        return None
    best = _best([entry.mapped for entry in mapping.entries], response)
    return None if best is None else mapping.bounds.apply(best)


def _of_areas(response: ResponseDeclaration) -> float | None:
    mapping = response.area_mapping
    if mapping is None:
        return None
    best = _best([entry.mapped for entry in mapping.entries], response)
    return None if best is None else mapping.bounds.apply(best)
