"""A session as a QTI Results Reporting 3.0 document: every item, attempt, outcome and duration."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from assembly import bank
from assembly.qti import item_scope, item_session, values
from assembly.qti.declarations import Declaration, OutcomeDeclaration
from assembly.qti.errors import QtiError
from assembly.qti.item import AssessmentItem
from assembly.qti.item_session import ItemSession as State
from assembly.qti.results import (
    Answered,
    AssessmentResult,
    ItemResult,
    Response,
    Status,
    Support,
    TestResult,
    Variable,
    seconds,
    write,
)
from assembly.qti.values import BaseType, Value
from delivery.models import AssessmentSession, CandidateComment, ItemSession, Sitting
from delivery.session import desk, results
from delivery.session.desk import Desk
from integrity import ledger

SITTING: Final = "urn:invigil:sitting"
SESSION: Final = "urn:invigil:session"
TEST_VERSION: Final = "urn:invigil:test-version"
INSTANT: Final = timedelta(milliseconds=1)
STAMP: Final = (1980, 1, 1, 0, 0, 0)  # the same results give the same bytes


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A moment at which an item's responses were processed, with what was saved by then."""

    at: datetime
    spent_ms: int
    raw: values.RawResponses
    counted: bool


def of(found: Desk, *, with_correct: bool = False) -> bytes:
    """Return the `assessmentResult` of a session; the right answers only where they are asked for.

    The same session gives the same bytes: its times are those of its own record.
    """
    attempts, comments = _attempts(found), _comments(found)
    items: list[ItemResult] = []
    for number, planned in enumerate(found.plan.items, start=1):
        row = found.item(planned.key)
        reported = _Item(found, row, number, with_correct).results(attempts.get(row.key, []))
        *earlier, last = _at_different_times(reported)
        items += [*earlier, replace(last, comment=comments.get(row.key, ""))]
    session = found.session
    document = AssessmentResult(
        candidate=session.candidate.number,
        sessions=(
            (SESSION, f"session-{session.pk}"),
            (SITTING, f"sitting-{session.sitting_id}"),
            (TEST_VERSION, f"{found.outline.test.identifier}-v{_version(found)}"),
        ),
        test=_test(found),
        items=items,
    )
    return write(document)


def of_sitting(sitting: Sitting, *, with_correct: bool = False) -> bytes:
    """Return a zip with one document for each session of a sitting that was started."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in each(sitting, with_correct=with_correct):
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(info, content)
    return target.getvalue()


def each(sitting: Sitting, *, with_correct: bool = False) -> Iterator[tuple[str, bytes]]:
    """Yield a name and a document for each session of a sitting that was started."""
    started = AssessmentSession.objects.filter(sitting=sitting, started_at__isnull=False)
    ordered = started.order_by("candidate__number", "attempt_number")
    for pk in ordered.values_list("pk", flat=True):
        yield f"result-{pk}.xml", of(desk.read(pk), with_correct=with_correct)


def _version(found: Desk) -> int:
    return found.sitting.test_version.number


def _comments(found: Desk) -> dict[str, str]:
    """Return what the candidate wrote about items, by key."""
    rows = CandidateComment.objects.filter(item_session__session=found.session)
    return dict(rows.values_list("item_session__key", "text"))


def _attempts(found: Desk) -> dict[str, list[_Attempt]]:
    """Return each item's attempts as the ledger tells them, with the answer that stood then."""
    saved: dict[str, list[tuple[int, values.RawResponses]]] = {}
    for row in found.rows:
        revisions = row.revisions.order_by("revision").values_list("ledger_seq", "value")
        saved[row.key] = list(revisions) if row.num_attempts > 1 else []
    made: dict[str, list[_Attempt]] = {}
    for entry in ledger.entries(found.session.stream):
        if entry.kind == "item.attempted":
            key = entry.payload["item"]
            before = [raw for seq, raw in saved.get(key, []) if seq < entry.seq]
            spent = entry.payload.get("spent_ms", 0)
            raw = {**(before[-1] if before else {}), **_pressed(entry.payload)}
            counted = entry.payload.get("counted", True)
            made.setdefault(key, []).append(_Attempt(entry.at, spent, raw, counted))
    return made


def _pressed(payload: Mapping[str, Any]) -> dict[str, values.Raw]:
    """Return the response of the item's own button, where that ended the attempt."""
    button = payload.get("pressed", "")
    return {button: "true"} if button else {}


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of the desk on its way into the document."""

    desk: Desk
    row: ItemSession
    number: int
    with_correct: bool

    @property
    def item(self) -> AssessmentItem:
        return bank.item(self.row.item_version_id)

    def results(self, attempts: list[_Attempt]) -> Iterator[ItemResult]:
        """Yield a result an attempt, and one for what was saved since the last."""
        item = self.item
        try:
            current = item_session.from_json(item, self.row.qti)
        except QtiError:
            # The item could not be processed: what was answered is for a person to mark.
            yield self._result(_blank(item), self._last_at(attempts), Status.PENDING_SCORING)
            return
        yield from self._earlier(current, attempts)
        settled = self.row.num_attempts > 0 or current.completion_status == item_session.COMPLETED
        if settled:
            status = Status.PENDING_SCORING if self.row.needs_marking else Status.FINAL
            at_last = _as_attempted(current, attempts)
            yield self._result(at_last, self._last_at(attempts), status)
        pending = self._pending(current)
        if pending is not None:
            yield pending
        elif not settled:
            yield self._result(current, self._last_at(attempts), Status.INITIAL)

    def _earlier(self, current: State, attempts: list[_Attempt]) -> list[ItemResult]:
        """The attempts before the last, run again; none where the record would not end as it did.

        The session's seed is kept, so that the same responses give the same outcomes.
        """
        item = self.item
        if current.num_attempts < 2:
            return []
        state = _begun(item, current)
        made: list[ItemResult] = []
        try:
            for attempt in attempts:
                spent = attempt.spent_ms / 1000
                earlier = state.num_attempts
                state = item_session.attempt(item, state, attempt.raw, duration_seconds=spent)
                if state.num_attempts > earlier:
                    made.append(self._result(state, attempt.at, Status.FINAL))
        except QtiError:
            return []
        return made[:-1] if _same(state, current) else []

    def _pending(self, current: State) -> ItemResult | None:
        """What was saved after the last attempt, or before any."""
        row = self.row
        if row.saved_at is None or not row.response:
            return None
        try:
            if item_session.is_committed(self.item, current, row.response):
                return None
            responses = {**current.responses, **item_session.bind(self.item, row.response)}
        except QtiError:
            return None
        ended = self.desk.session.is_ended and self.desk.session.scored_at is None
        status = Status.PENDING_PROCESSING if ended else Status.PENDING_SUBMISSION
        return self._result(replace(current, responses=responses), row.saved_at, status)

    def _last_at(self, attempts: list[_Attempt]) -> datetime:
        session = self.desk.session
        begun = self.row.entered_at or session.started_at or session.created_at
        counted = [attempt.at for attempt in attempts if attempt.counted]
        made = counted or [attempt.at for attempt in attempts]
        return made[-1] if made else begun

    def _result(self, state: State, at: datetime, status: Status) -> ItemResult:
        item = self.item
        return ItemResult(
            identifier=self.row.key,
            sequence=self.number,
            at=at,
            status=status,
            responses=(*_built_in(state), *self._responses(state, status)),
            templates=_variables(item.templates, state.templates),
            outcomes=(_completion(state), *_variables(item.outcomes, state.outcomes)),
            contexts=_variables(item.contexts, state.contexts),
        )

    def _responses(self, state: State, status: Status) -> Iterator[Response]:
        right = item_session.correct_responses(self.item, state) if self.with_correct else {}
        for name, declared in self.item.responses.items():
            value = state.responses.get(name)
            yield Response(
                declared,
                value,
                correct=right.get(name),
                choices=state.choice_orders.get(name, ()),
                scored=status is Status.FINAL and bool(self.item.response_processing),
                answered=self._answered(value, state),
            )

    def _answered(self, value: Value | None, state: State) -> Answered:
        if value is not None:
            return Answered.ANSWERED
        if state.num_attempts:
            return Answered.ATTEMPTED
        return Answered.PRESENTED if self.row.entered_at else Answered.NOT_PRESENTED


def _as_attempted(current: State, attempts: list[_Attempt]) -> State:
    """The state with its duration as of the last attempt, where a hint was asked for after it."""
    counted = [attempt for attempt in attempts if attempt.counted]
    if not counted or attempts[-1].counted:
        return current
    return replace(current, duration_seconds=counted[-1].spent_ms / 1000)


def _same(one: State, other: State) -> bool:
    found = [(each.num_attempts, each.outcomes, each.responses) for each in (one, other)]
    return found[0] == found[1]


def _blank(item: AssessmentItem) -> State:
    return State(
        outcomes=item_scope.initial_outcomes(item, {}),
        responses=item_scope.initial_responses(item, {}),
    )


def _begun(item: AssessmentItem, current: State) -> State:
    """The item session as it was before its first attempt."""
    return replace(
        current,
        outcomes=item_scope.initial_outcomes(item, current.defaults),
        responses=item_scope.initial_responses(item, current.defaults),
        num_attempts=0,
        duration_seconds=0.0,
        completion_status=item_session.NOT_ATTEMPTED,
    )


def _variables(
    declared: Mapping[str, Declaration], known: Mapping[str, Value | None]
) -> list[Variable]:
    named = [name for name in declared if name != item_scope.COMPLETION_STATUS]
    return [Variable(declared[name], known.get(name)) for name in named]


def _built_in(state: State) -> tuple[Response, ...]:
    attempts = Declaration(identifier="numAttempts", base_type=BaseType.INTEGER)
    return (
        Response(attempts, values.integer(state.num_attempts)),
        seconds("duration", state.duration_seconds),
    )


def _completion(state: State) -> Variable:
    declared = OutcomeDeclaration(identifier=item_scope.COMPLETION_STATUS)
    return Variable(declared, values.identifier(state.completion_status))


def _at_different_times(reported: Iterable[ItemResult]) -> Iterator[ItemResult]:
    """Results of one item must differ in their times (QTI RR): one of the same goes on an instant.

    Documents give milliseconds.
    """
    last: datetime | None = None
    for result in reported:
        at = result.at if last is None else max(result.at, last + INSTANT)
        last = at
        yield replace(result, at=at)


# The test


def _test(found: Desk) -> TestResult:
    session = found.session
    at = session.scored_at or session.finished_at or session.last_save_at
    return TestResult(
        identifier=found.outline.test.identifier,
        at=at or session.started_at or session.created_at,
        responses=tuple(_durations(found)),
        outcomes=tuple(_outcomes(found)),
        supports=tuple(_supports(session)),
    )


def _durations(found: Desk) -> Iterator[Response]:
    """The time spent in the test, its parts and its sections (QTI ASI: PART.duration)."""
    for name, spent in results.durations(found).items():
        yield seconds(f"{name}.duration" if name else "duration", spent)


def _outcomes(found: Desk) -> Iterator[Variable]:
    """The test's outcome variables; a score that it leaves to the server is reported as SCORE."""
    declared = found.outline.test.outcomes
    known = results.current(found)
    for name, declaration in declared.items():
        yield Variable(declaration, known.get(name))
    total = found.session.outcomes.get("total", {})
    for name, entry in (("SCORE", "score"), ("MAXSCORE", "max")):
        number = total.get(entry)
        if name not in declared and number is not None:
            yield Variable(_score(name), values.real(float(number)))


def _score(name: str) -> OutcomeDeclaration:
    return OutcomeDeclaration(identifier=name, base_type=BaseType.FLOAT)


def _supports(session: AssessmentSession) -> Iterator[Support]:
    """The time that was frozen onto the session and the candidate's supports, as AfA PNP has it."""
    multiplier = f"{session.time_multiplier.normalize():f}"
    given = {
        "unlimited": session.unlimited,
        f"time-multiplier {multiplier}": session.time_multiplier != 1,
        f"fixed-minutes {session.fixed_ms // 60_000}": session.fixed_ms > 0,
    }
    for value, holds in given.items():
        if holds:
            yield Support("additional-testing-time", value)
    for name in sorted(session.candidate.preferences.get("supports", {})):
        yield Support(name)
    for name in sorted(session.candidate.preferences.get("prohibited", ())):
        yield Support(name, assignment="prohibited")
