"""Runs cases of the scoring oracle (JSON Lines) against the engine and compares the outcomes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from assembly.qti import assessment, item_session, outcomes, reading, values
from assembly.qti.errors import QtiError
from assembly.qti.expressions import Stream
from assembly.qti.item import AssessmentItem
from assembly.qti.item_session import ItemSession
from assembly.qti.values import BaseType, Cardinality, Raw, Value

TOLERANCE = 1e-4
Case = Mapping[str, Any]
NewStream = Callable[[int], Stream]
Read = Callable[[str], bytes]
TEMPLATE_RUNS = 25


@dataclass(frozen=True, slots=True)
class Failure:
    case: str
    item: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.case}  {self.item}\n    expected {self.expected}\n    got      {self.got}"


class Corpus:
    """Items and tests by their path; `read` gives a file's bytes or raises ReadingError."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self._items: dict[str, AssessmentItem] = {}

    def beside(self, path: str) -> Read:
        """What a file refers to, by its address as written there."""
        return lambda href: self.read(str(PurePosixPath(path).parent / href))

    def item(self, path: str) -> AssessmentItem:
        """Without its body where that cannot be shown: it can still be scored."""
        if path not in self._items:
            source, resolve = self.read(path), self.beside(path)
            try:
                self._items[path] = reading.read_item(source, resolve=resolve)
            except QtiError:
                self._items[path] = reading.read_item(source, resolve=resolve, with_body=False)
        return self._items[path]


def run(case: Case, corpus: Corpus, stream: NewStream) -> Failure | None:
    """A case, a sequence, a template draw or a whole test, told by its keys."""
    try:
        mismatch = next(_kind(case)(case, corpus, stream), None)
    except QtiError as error:
        mismatch = (case.get("expected"), f"{type(error).__name__} ({error.reason}): {error}")
    except Exception as error:  # a fault in one case must not hide what the others give
        mismatch = (case.get("expected"), f"engine failure: {error!r}")
    if mismatch is None:
        return None
    name = str(case.get("id") or case.get("case") or "?")
    path = str(case.get("item") or case.get("test"))
    return Failure(name, path, str(mismatch[0]), str(mismatch[1]))


Mismatches = Iterator[tuple[Any, Any]]


def _kind(case: Case) -> Callable[[Case, Corpus, NewStream], Mismatches]:
    if "attempts" in case:
        return _sequence
    if "respond" in case:
        return _template
    return _test if "test" in case else _single


def _single(case: Case, corpus: Corpus, stream: NewStream) -> Mismatches:
    item = corpus.item(case["item"])
    session = item_session.begin(item, stream(0))
    raw = _raws(item, case["responses"])
    session = item_session.attempt(item, session, raw, duration_seconds=0.0)
    yield from _differences(case["expected"], session)


def _sequence(case: Case, corpus: Corpus, stream: NewStream) -> Mismatches:
    item = corpus.item(case["item"])
    session = item_session.begin(item, stream(0))
    for step in case["attempts"]:
        raw = _raws(item, step["responses"])
        session = item_session.attempt(item, session, raw, duration_seconds=0.0)
        yield from _differences(step["expected"], session)


def _template(case: Case, corpus: Corpus, stream: NewStream) -> Mismatches:
    item = corpus.item(case["item"])
    for number in range(TEMPLATE_RUNS):
        session = item_session.begin(item, stream(number))
        raw: dict[str, Raw] = dict.fromkeys(item.responses)
        if case["respond"] == "correct":
            right = item_session.correct_responses(item, session)
            raw = {name: values.raw(value) for name, value in right.items()}
        session = item_session.attempt(item, session, raw, duration_seconds=0.0)
        yield from _differences(case["expected"], session)


def _test(case: Case, corpus: Corpus, stream: NewStream) -> Mismatches:
    path = case["test"]
    test = reading.read_test(corpus.read(path), resolve=corpus.beside(path))
    places = {ref.identifier: (sections, ref) for _, sections, ref in assessment.item_refs(test)}
    results = []
    for number, entry in enumerate(case["items"]):
        item = corpus.item(str(PurePosixPath(path).parent / entry["href"]))
        session = item_session.begin(item, stream(number))
        raw = _raws(item, entry["responses"])
        session = item_session.attempt(item, session, raw, duration_seconds=0.0)
        sections, ref = places[entry["ref"]]
        results.append(
            outcomes.result_of(
                item,
                session,
                key=ref.identifier,
                ref=ref.identifier,
                sections=tuple(section.identifier for section in sections),
                categories=ref.categories,
                weights=ref.weights,
                variable_mappings=ref.variable_mappings,
            )
        )
    yield from _compared(case["expected"], assessment.score_test(test, results))


def _raws(item: AssessmentItem, responses: Mapping[str, Any]) -> dict[str, Raw]:
    """What is not listed is NULL, even where the variable has a default."""
    listed = {
        name: response["value"] if isinstance(response, dict) else response
        for name, response in responses.items()
    }
    return {**dict.fromkeys(item.responses), **listed}


def _differences(expected: Mapping[str, Any], session: ItemSession) -> Mismatches:
    got = dict(item_session.shown(session).outcomes)
    got["completionStatus"] = values.identifier(session.completion_status)
    yield from _compared(expected, got)


def _compared(expected: Mapping[str, Any], got: Mapping[str, Value | None]) -> Mismatches:
    wrong = {
        name: wanted
        for name, wanted in expected.items()
        if name not in got or not agrees(got[name], wanted)
    }
    if wrong:
        yield wrong, {name: _plain(got[name]) if name in got else "nothing" for name in wrong}


def _plain(value: Value | None) -> Any:
    return values.raw(value)


def agrees(value: Value | None, wanted: Any) -> bool:
    """Numbers within 1e-4; containers without order unless ordered; empty means NULL."""
    if value is None or wanted is None or wanted in ([], ""):
        return value is None and (wanted is None or wanted in ([], ""))
    if isinstance(wanted, list):
        return _list_agrees(value, wanted)
    return not value.is_container and _agree(value.scalar, wanted, value.base_type)


def _list_agrees(value: Value, wanted: list[Any]) -> bool:
    if len(value.scalars) != len(wanted):
        return False
    left = list(wanted)
    for scalar in value.scalars:
        candidates = left[:1] if value.cardinality is Cardinality.ORDERED else left
        found = next((one for one in candidates if _agree(scalar, one, value.base_type)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _agree(scalar: values.Scalar, wanted: Any, base_type: BaseType | None) -> bool:
    if isinstance(wanted, bool) or isinstance(scalar, bool):
        return scalar is wanted
    if isinstance(scalar, int | float) and isinstance(wanted, int | float):
        return abs(scalar - wanted) <= TOLERANCE
    if base_type is BaseType.PAIR and isinstance(scalar, tuple):
        return sorted(str(wanted).split()) == sorted(map(str, scalar))
    return values.lexical(scalar) == str(wanted)
