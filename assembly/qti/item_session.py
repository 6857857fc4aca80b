"""One candidate's work on one item: each verb returns a new session."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assembly.qti import decimals, interactions_portable, item_scope, values, variants
from assembly.qti.body import Interaction, Problem
from assembly.qti.draws import Draws
from assembly.qti.errors import ProcessingError, ResponseError
from assembly.qti.expressions import Stream, Witness
from assembly.qti.interactions_other import EndAttempt
from assembly.qti.interactions_portable import PortableCustom
from assembly.qti.item import AssessmentItem
from assembly.qti.item_scope import COMPLETION_STATUS, ItemScope, Variables
from assembly.qti.processing import Run
from assembly.qti.values import Raw, RawResponses, Value

SEEDS = 2**63
PRESSED = values.boolean(True)
IMPOSSIBLE = frozenset({"unknown_identifier", "wrong_type"})
NOT_ATTEMPTED, UNKNOWN, COMPLETED = "not_attempted", "unknown", "completed"

Values = Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a button that does not count was told, and on which responses: shown, never counted."""

    outcomes: Values
    responses: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSession:
    """`corrects` and `defaults` are those that templates changed; `notes` tell rules left out.

    `seed` was drawn from the session's stream, for what response processing draws later on.
    `asked` is there from the press of a button that does not count until the next attempt.
    """

    templates: Values = field(default_factory=dict)
    outcomes: Values = field(default_factory=dict)
    responses: Values = field(default_factory=dict)
    corrects: Values = field(default_factory=dict)
    defaults: Values = field(default_factory=dict)
    contexts: Values = field(default_factory=dict)
    choice_orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    num_attempts: int = 0
    duration_seconds: float = 0.0
    completion_status: str = NOT_ATTEMPTED
    seed: str = ""
    notes: tuple[str, ...] = ()
    asked: Asked | None = None


def begin(
    item: AssessmentItem,
    stream: Stream,
    template_defaults: Values | None = None,
    contexts: Values | None = None,
) -> ItemSession:
    """Template processing, choice orders, and variables at their defaults.

    `contexts` are the values of context variables (QTI_CONTEXT is a record) in this delivery.
    """
    scope, notes = variants.draw(item, stream, template_defaults or {}, contexts or {})
    variables = scope.variables
    return ItemSession(
        templates=variables.templates,
        outcomes=item_scope.initial_outcomes(item, variables.defaults),
        responses=item_scope.initial_responses(item, variables.defaults),
        corrects=variables.corrects,
        defaults=variables.defaults,
        contexts=variables.contexts,
        choice_orders=variants.choice_orders(item, stream),
        seed=f"{stream.below(SEEDS, 'responses|'):016x}",
        notes=notes,
    )


def bind(item: AssessmentItem, raw: RawResponses) -> dict[str, Value | None]:
    """Typed values of the identifiers given; raises ResponseError for what does not fit.

    What an interaction collects for a response that its item forgot to declare is let go, and so
    is the state that a portable interaction keeps for itself.
    """
    bound: dict[str, Value | None] = {}
    for identifier, text in raw.items():
        if ":" in identifier and _is_state(item, identifier, text):
            continue
        declaration = item.responses.get(identifier)
        if declaration is None and identifier in item.undeclared:
            continue
        if declaration is None:
            raise ResponseError(
                f"This item has no response called {identifier[:80]}.", reason="unknown_response"
            )
        if not _well_formed(text):
            raise ResponseError(
                "A response must be text, a list of texts, or nothing.", reason="wrong_type"
            )
        typed = decimals.read(text, declaration.base_type, item.language)
        bound[identifier] = values.parse(typed, declaration.base_type, declaration.cardinality)
    return bound


def _is_state(item: AssessmentItem, name: str, text: Raw) -> bool:
    portables = (each for each in item.interactions if isinstance(each, PortableCustom))
    if all(name != interactions_portable.state_of(p.response_identifier) for p in portables):
        return False
    if isinstance(text, list) or len(text or "") > interactions_portable.STATE_LIMIT:
        raise ResponseError("The state of an interaction is one text.", reason="wrong_type")
    return True


def _well_formed(raw: Raw) -> bool:
    if isinstance(raw, list):
        return all(isinstance(entry, str) for entry in raw)
    return raw is None or isinstance(raw, str)


def problems(item: AssessmentItem, session: ItemSession, raw: RawResponses) -> tuple[Problem, ...]:
    """The constraints that these responses leave unmet, interaction by interaction."""
    return tuple(_problems(item, {**session.responses, **bind(item, raw)}))


def _problems(item: AssessmentItem, current: Values) -> Iterator[Problem]:
    """Of interactions that share a response, as feedback may swap them, the best fitting counts."""
    found: dict[str, tuple[Problem, ...]] = {}
    for interaction in item.interactions:
        name = interaction.response_identifier
        unmet = _problems_of(interaction, current.get(name))
        found[name] = min(found.get(name, unmet), unmet, key=len)
    for name, unmet in found.items():
        yield from (replace(problem, response_identifier=name) for problem in unmet)


def _problems_of(interaction: Interaction, value: Value | None) -> tuple[Problem, ...]:
    """An item may bind an interaction to a response of a type that it cannot give."""
    try:
        return interaction.problems(value)
    except ValueError:
        return (Problem("wrong_type", "The answer does not have the form that is asked for here."),)


def impossible(item: AssessmentItem, raw: RawResponses) -> tuple[Problem, ...]:
    """What no form of this item could have sent: a choice that is not offered, another type.

    Unmet constraints (too many, outside the bounds) are not among them: plain forms send those.
    """
    found = _problems(item, bind(item, raw))
    return tuple(problem for problem in found if problem.code in IMPOSSIBLE)


def is_answered(item: AssessmentItem, raw: RawResponses) -> bool:
    """At least one interaction's response is not NULL and differs from its default."""
    bound = bind(item, raw)
    asked = {interaction.response_identifier for interaction in item.interactions}
    return any(
        value is not None and not _is_default(item, identifier, value)
        for identifier, value in bound.items()
        if identifier in asked
    )


def _is_default(item: AssessmentItem, identifier: str, value: Value) -> bool:
    default = item.responses[identifier].default
    return default is not None and values.same(value, default)


def attempt(
    item: AssessmentItem,
    session: ItemSession,
    raw: RawResponses,
    *,
    duration_seconds: float,
    witness: Witness | None = None,
) -> ItemSession:
    """One attempt: the responses are committed and response processing runs.

    Responses that are not given keep the session's; end-attempt buttons start unpressed. A button
    that does not count has its responses processed, but the attempt goes on: they stay uncommitted,
    and what counts stays what it was, unless an adaptive item is completed by it.
    """
    given = {**session.responses, **_unpressed(item), **_given(item, raw)}
    pressed = [name for name in buttons(item) if given.get(name) == PRESSED]
    is_counted = all(counts(item, name) for name in pressed)
    scope = _scope(item, session, given, is_counted, duration_seconds, witness)
    run = Run(scope, scope.assign, [])
    run.all(item.response_processing)
    processed = _settled(item, session, scope, [*run.notes, *item_scope.notes_of(scope)])
    if is_counted or (item.adaptive and processed.completion_status == COMPLETED):
        return replace(processed, responses=given, asked=None)
    asked = Asked(processed.outcomes, given)
    # An adaptive item goes on from whatever its rules said; others begin anew each time.
    kept = processed.outcomes if item.adaptive else session.outcomes
    return replace(processed, outcomes=kept, asked=asked)


def _scope(
    item: AssessmentItem,
    session: ItemSession,
    responses: Values,
    is_counted: bool,
    duration_seconds: float,
    witness: Witness | None,
) -> ItemScope:
    """The variables as response processing finds them."""
    status = session.completion_status
    fresh = item_scope.initial_outcomes(item, session.defaults)
    outcomes = dict(session.outcomes) if item.adaptive else fresh
    outcomes[COMPLETION_STATUS] = values.identifier(UNKNOWN if status == NOT_ATTEMPTED else status)
    return ItemScope(
        item,
        Variables(
            templates=dict(session.templates),
            outcomes=outcomes,
            responses=dict(responses),
            corrects=dict(session.corrects),
            defaults=dict(session.defaults),
            contexts=dict(session.contexts),
        ),
        num_attempts=session.num_attempts + is_counted,
        duration_seconds=duration_seconds,
        stream=Draws(session.seed) if session.seed else None,
        label=f"responses|{session.num_attempts + 1}|",
        witness=witness,
    )


def _settled(
    item: AssessmentItem, session: ItemSession, scope: ItemScope, notes: list[str]
) -> ItemSession:
    outcomes = scope.variables.outcomes
    status = outcomes.get(COMPLETION_STATUS) if item.adaptive else None
    done = COMPLETED if scope.num_attempts and not item.adaptive else UNKNOWN
    settled = str(status.scalar) if status is not None else done
    if COMPLETION_STATUS not in item.outcomes:
        outcomes.pop(COMPLETION_STATUS, None)
    return replace(
        session,
        outcomes=outcomes,
        num_attempts=scope.num_attempts,
        duration_seconds=scope.duration_seconds,
        completion_status=settled,
        notes=tuple(notes),
    )


def _given(item: AssessmentItem, raw: RawResponses) -> dict[str, Value | None]:
    bound, named = bind(item, raw), buttons(item)
    return {name: value for name, value in bound.items() if value is not None or name not in named}


def _unpressed(item: AssessmentItem) -> dict[str, Value | None]:
    return {name: values.boolean(False) for name in buttons(item)}


def buttons(item: AssessmentItem) -> set[str]:
    """The responses of end-attempt interactions."""
    return {
        interaction.response_identifier
        for interaction in item.interactions
        if isinstance(interaction, EndAttempt) and interaction.response_identifier in item.responses
    }


def counts(item: AssessmentItem, pressed: str) -> bool:
    """Does the button of this response count as an attempt? One for a hint may not."""
    return all(
        each.count_attempt or each.response_identifier != pressed
        for each in item.interactions
        if isinstance(each, EndAttempt)
    )


def is_processed(session: ItemSession) -> bool:
    """Did response processing run, for an attempt or for a button that does not count as one?"""
    return session.num_attempts > 0 or session.completion_status != NOT_ATTEMPTED


def shown(session: ItemSession) -> ItemSession:
    """The session as its page shows it: what a button was told stands before what counts."""
    asked = session.asked
    if asked is None:
        return session
    return replace(session, outcomes=asked.outcomes, responses=asked.responses, asked=None)


def is_committed(item: AssessmentItem, session: ItemSession, raw: RawResponses) -> bool:
    """Are these the responses of the last attempt, however they are written (4.10 for 4.1)?"""
    if session.num_attempts == 0 and session.completion_status != COMPLETED:
        return False
    given = {name: value for name, value in bind(item, raw).items() if name not in buttons(item)}
    return all(_equal(session.responses.get(name), value) for name, value in given.items())


def _equal(left: Value | None, right: Value | None) -> bool:
    return left is right if left is None or right is None else values.same(left, right)


def correct_responses(item: AssessmentItem, session: ItemSession) -> dict[str, Value | None]:
    """What is right in this session, after set-correct-response; never for a candidate's page."""
    return {
        name: session.corrects.get(name, declaration.correct)
        for name, declaration in item.responses.items()
    }


def to_json(session: ItemSession) -> dict[str, Any]:
    """Lexical values: the types come back from the item's declarations."""
    return {
        "templates": _raws(session.templates),
        "outcomes": _raws(session.outcomes),
        "responses": _raws(session.responses),
        "corrects": _raws(session.corrects),
        "defaults": _raws(session.defaults),
        "contexts": _raws(session.contexts),
        "choice_orders": {label: list(order) for label, order in session.choice_orders.items()},
        "num_attempts": session.num_attempts,
        "duration_seconds": session.duration_seconds,
        "completion_status": session.completion_status,
        "seed": session.seed,
        "notes": list(session.notes),
        "asked": session.asked
        and {
            "outcomes": _raws(session.asked.outcomes),
            "responses": _raws(session.asked.responses),
        },
    }


def shown_json(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `shown` makes of a session as `to_json` wrote it, without reading its values."""
    return {**data, **data["asked"], "asked": None} if data.get("asked") else data


def _raws(variables: Values) -> dict[str, Raw]:
    return {name: values.raw(value) for name, value in variables.items()}


def from_json(item: AssessmentItem, data: Mapping[str, Any]) -> ItemSession:
    """The session as `to_json` wrote it; ProcessingError for variables not declared."""
    return ItemSession(
        templates=_values(item, data["templates"]),
        outcomes=_values(item, data["outcomes"]),
        responses=_values(item, data["responses"]),
        corrects=_values(item, data["corrects"]),
        defaults=_values(item, data["defaults"]),
        contexts=_values(item, data.get("contexts", {})),
        choice_orders={label: tuple(order) for label, order in data["choice_orders"].items()},
        num_attempts=data["num_attempts"],
        duration_seconds=data["duration_seconds"],
        completion_status=data["completion_status"],
        seed=data.get("seed", ""),
        notes=tuple(data["notes"]),
        asked=_asked(item, data.get("asked") or {}),
    )


def _asked(item: AssessmentItem, data: Mapping[str, Any]) -> Asked | None:
    if not data:
        return None
    return Asked(_values(item, data["outcomes"]), _values(item, data["responses"]))


def _values(item: AssessmentItem, raws: Mapping[str, Raw]) -> dict[str, Value | None]:
    found: dict[str, Value | None] = {}
    for name, raw in raws.items():
        declaration = item_scope.declaration(item, name)
        if declaration is None:
            raise ProcessingError(
                f"The item has no variable called {name}.", reason="unknown_variable"
            )
        found[name] = values.parse(raw, declaration.base_type, declaration.cardinality)
    return found
