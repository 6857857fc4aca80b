"""Trying items and tests as a candidate would, without a sitting and without a trace."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assembly import adaptive, bank, linting, models, selection
from assembly.packages import stored
from assembly.qti import assessment, explaining, item_session, outcomes, values
from assembly.qti.assessment import AssessmentTest
from assembly.qti.declarations import Declaration
from assembly.qti.errors import QtiError
from assembly.qti.explaining import Step
from assembly.qti.item import AssessmentItem
from assembly.qti.item_result import ItemResult
from assembly.qti.item_session import ItemSession
from assembly.qti.values import Raw, Value
from assembly.selection import PlannedItem, Stream, TestPlan

RawResponses = Mapping[str, Raw]
MOST_STEPS = 600


@dataclass(frozen=True, slots=True)
class Trial:
    """One item being tried: its session, the raw answer, and what was wrong with it.

    `before` and `steps` tell how the attempt just made came to its outcomes.
    """

    item: AssessmentItem
    session: ItemSession
    raw: RawResponses
    problem: str = ""
    before: ItemSession | None = None
    steps: tuple[Step, ...] = ()

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(name, words(value)) for name, value in self.session.outcomes.items()]

    @property
    def scored(self) -> bool:
        return self.session.num_attempts > 0

    @property
    def processed(self) -> bool:
        return item_session.is_processed(self.session)

    @property
    def shown(self) -> ItemSession:
        """What a button that does not count was told stands before what counts."""
        return item_session.shown(self.session)

    def to_json(self) -> dict[str, Any]:
        return {"session": item_session.to_json(self.session), "raw": dict(self.raw)}


def begin(item: AssessmentItem, key: bytes | None = None) -> Trial:
    stream = Stream(key or secrets.token_bytes(32))
    return Trial(item, item_session.begin(item, stream), {})


def resume(item: AssessmentItem, data: Mapping[str, Any] | None) -> Trial:
    """The trial of an earlier request, or a new one where the item has changed since."""
    if data is None:
        return begin(item)
    try:
        return Trial(item, item_session.from_json(item, data["session"]), data["raw"])
    except (KeyError, ValueError, QtiError):
        return begin(item)


def submit(trial: Trial, raw: RawResponses) -> Trial:
    """One attempt; an answer that does not fit is shown again with the reason."""
    try:
        told = explaining.explain(trial.item, trial.session, raw)
    except QtiError as error:
        return replace(trial, raw=raw, problem=str(error))
    return Trial(trial.item, told.session, raw, before=trial.session, steps=told.steps)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of an item before and after an attempt; `correct` only of responses."""

    name: str
    kind: str
    type: str
    before: str
    after: str
    correct: str = ""

    @property
    def changed(self) -> bool:
        return self.before != self.after


def variables(trial: Trial) -> list[Variable]:
    """All variables of the attempt just made, the built-in ones too."""
    if trial.before is None:
        return []
    item, before, after = trial.item, trial.before, trial.shown
    correct = item_session.correct_responses(item, after)
    found = [
        Variable(
            name,
            kind,
            _type(declared[name]),
            words(old.get(name)),
            words(new.get(name)),
            words(correct[name]) if kind == "response" else "",
        )
        for kind, declared, old, new in (
            ("response", item.responses, before.responses, after.responses),
            ("outcome", item.outcomes, before.outcomes, after.outcomes),
            ("template", item.templates, before.templates, after.templates),
        )
        for name in declared
    ]
    return found + _built_in(before, after)


def _type(declared: Declaration) -> str:
    base = declared.base_type.value if declared.base_type else ""
    return f"{declared.cardinality.value} {base}".strip()


def _built_in(before: ItemSession, after: ItemSession) -> list[Variable]:
    attempts = Variable(
        "numAttempts",
        "built-in",
        "single integer",
        str(before.num_attempts),
        str(after.num_attempts),
    )
    status = Variable(
        "completionStatus",
        "built-in",
        "single identifier",
        before.completion_status,
        after.completion_status,
    )
    return [attempts, status]


@dataclass(frozen=True, slots=True)
class Rule:
    """One step of response processing with the expressions it stands on."""

    step: Step
    details: tuple[Step, ...] = ()


def rules(trial: Trial) -> tuple[list[Rule], bool]:
    """The steps of the attempt under their rules; False where there are more than these."""
    found: list[Rule] = []
    for step in trial.steps[:MOST_STEPS]:
        if step.depth == 0:
            found.append(Rule(step))
        elif found:
            found[-1] = replace(found[-1], details=(*found[-1].details, step))
    return found, len(trial.steps) <= MOST_STEPS


def words(value: Value | None) -> str:
    raw = values.raw(value)
    if raw is None:
        return "NULL"
    return raw if isinstance(raw, str) else ", ".join(raw)


# Whole tests


@dataclass(frozen=True, slots=True)
class TestTrial:
    """A draft as it would be published now, with one plan and the answers so far."""

    definition: AssessmentTest
    versions: Mapping[str, models.ItemVersion]
    key: bytes
    plan: TestPlan
    items: Mapping[str, Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return {"key": self.key.hex(), "plan": self.plan.to_json(), "items": dict(self.items)}

    def planned(self, place: int) -> PlannedItem | None:
        return self.plan.items[place - 1] if 0 < place <= len(self.plan.items) else None


def begin_test(test: models.AssessmentTest) -> TestTrial:
    """Raises SelectionError where the draft's rules cannot be met."""
    definition, key = stored.read_test(test), secrets.token_bytes(32)
    plan = selection.plan(definition, Stream(key), mode=bank.mode(test))
    return _with_next(TestTrial(definition, linting.pins(test), key, plan, {}))


def resume_test(test: models.AssessmentTest, data: Mapping[str, Any]) -> TestTrial:
    return TestTrial(
        stored.read_test(test),
        linting.pins(test),
        bytes.fromhex(data["key"]),
        TestPlan.from_json(data["plan"]),
        data["items"],
    )


def trial_at(trial: TestTrial, place: int) -> Trial:
    """The item at a place, 1 being the first; its choices are shuffled by the trial's key."""
    planned = trial.plan.items[place - 1]
    item = stored.read_item(trial.versions[planned.ref])
    kept = trial.items.get(planned.key)
    if kept:
        return resume(item, kept)
    stream = Stream(selection.session_key(trial.key, sitting="trial", session=planned.key))
    return Trial(item, item_session.begin(item, stream), {})


def answer(
    trial: TestTrial, place: int, raw: RawResponses, pressed: str = ""
) -> tuple[TestTrial, Trial]:
    """Score one item, and plan the next one where an adaptive section chooses it.

    `pressed` is the response of the item's own button: one that does not count leaves the answer
    given before.
    """
    planned = trial.plan.items[place - 1]
    fresh = trial_at(trial, place)
    if fresh.scored and item_session.counts(fresh.item, pressed):
        fresh = Trial(fresh.item, replace(fresh.session, num_attempts=0), raw)
    done = submit(fresh, raw)
    if done.problem:
        return trial, done
    kept = replace(trial, items={**trial.items, planned.key: done.to_json()})
    return _with_next(kept), done


def _with_next(trial: TestTrial) -> TestTrial:
    """The trial with the next item of every adaptive section whose last one was answered."""
    plan = trial.plan
    for section in plan.sections:
        if section.adaptive is None:
            continue
        given = [one for one in plan.items if one.sections[-1] == section.identifier]
        if not all(_is_attempted(trial, one) for one in given):
            continue
        pool = [bank.candidate(ref, trial.versions[ref]) for ref in section.adaptive.pool]
        answered = [adaptive.Answered(one.key, _share(trial, one)) for one in given]
        label = f"{trial.definition.identifier}|section:{section.identifier}|adaptive"
        chosen = adaptive.next_item(
            section.adaptive.settings, pool, answered, Stream(trial.key), label
        )
        if chosen:
            planned = plan.adaptive_item(section.identifier, chosen)
            plan = plan.with_item(section.identifier, planned)
    return replace(trial, plan=plan)


def _is_attempted(trial: TestTrial, planned: PlannedItem) -> bool:
    """Asking for a hint is no answer yet that the next item could be chosen by."""
    kept = trial.items.get(planned.key)
    return kept is not None and kept["session"]["num_attempts"] > 0


def _share(trial: TestTrial, planned: PlannedItem) -> float:
    version = trial.versions[planned.ref]
    score = number(trial.items[planned.key]["session"], "SCORE")
    return score / version.max_score if version.max_score else score


def number(session: Mapping[str, Any], name: str) -> float:
    """A single number among a stored session's outcomes; 0 where it is NULL or missing."""
    raw = session.get("outcomes", {}).get(name)
    try:
        return float(raw)
    except (TypeError, ValueError):
        return 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a trial's result."""

    place: int
    key: str
    title: str
    answered: bool
    score: float
    max_score: float | None


def result(trial: TestTrial) -> tuple[list[Line], list[tuple[str, str]]]:
    """A line per item, and the test's outcome variables."""
    lines = [_line(trial, place, one) for place, one in enumerate(trial.plan.items, start=1)]
    scored = assessment.score_test(trial.definition, _results(trial))
    return lines, [(name, words(value)) for name, value in scored.items()]


def _line(trial: TestTrial, place: int, planned: PlannedItem) -> Line:
    version, kept = trial.versions[planned.ref], trial.items.get(planned.key)
    score = number(kept["session"], "SCORE") if kept else 0.0
    answered = kept is not None and item_session.is_answered(stored.read_item(version), kept["raw"])
    return Line(place, planned.key, version.title, answered, score, version.max_score)


def _results(trial: TestTrial) -> Sequence[ItemResult]:
    refs = {ref.identifier: ref for _, _, ref in assessment.item_refs(trial.definition)}
    return [_result(trial, one, refs[one.ref]) for one in trial.plan.items]


def _result(trial: TestTrial, planned: PlannedItem, ref: assessment.ItemRef) -> ItemResult:
    item = stored.read_item(trial.versions[planned.ref])
    kept = trial.items.get(planned.key)
    done = resume(item, kept) if kept else begin(item, trial.key)
    return outcomes.result_of(
        item,
        done.session,
        key=planned.key,
        ref=planned.ref,
        sections=planned.sections,
        categories=ref.categories,
        weights=ref.weights,
        variable_mappings=ref.variable_mappings,
    )
