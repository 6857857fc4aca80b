"""The variant of an item that one candidate gets: template variables, and orders of choices."""

from collections.abc import Mapping

from assembly.qti import item_scope, processing
from assembly.qti.body import ShuffleGroup
from assembly.qti.expressions import Stream
from assembly.qti.item import AssessmentItem
from assembly.qti.item_scope import ItemScope
from assembly.qti.processing import ConstraintUnmetError, Run
from assembly.qti.values import Value

TEMPLATE_TRIES = 100

Values = Mapping[str, Value | None]


def draw(
    item: AssessmentItem, stream: Stream, overrides: Values, contexts: Values
) -> tuple[ItemScope, tuple[str, ...]]:
    """Template processing, anew until the constraints hold.

    After too many tries the variables keep their defaults and the rules after the last constraint
    run, as the specification says.
    """
    rules = item.template_processing
    for attempt_number in range(TEMPLATE_TRIES):
        label = f"template|{attempt_number}|"
        scope = item_scope.for_templates(item, stream, overrides, contexts, label)
        run = Run(scope, scope.assign, [])
        try:
            run.all(rules)
        except ConstraintUnmetError:
            continue
        return scope, (*run.notes, *item_scope.notes_of(scope))
    label = f"template|{TEMPLATE_TRIES}|"
    scope = item_scope.for_templates(item, stream, overrides, contexts, label)
    notes = [f"No variant met the constraints in {TEMPLATE_TRIES} tries; defaults are used."]
    Run(scope, scope.assign, notes).all(_after_last_constraint(rules))
    return scope, tuple(notes)


def _after_last_constraint(rules: processing.Rules) -> processing.Rules:
    places = [at for at, rule in enumerate(rules) if isinstance(rule, processing.Constraint)]
    return rules[places[-1] + 1 :]


def choice_orders(item: AssessmentItem, stream: Stream) -> dict[str, tuple[str, ...]]:
    """Interactions that share a response share its order, each with the choices that it has."""
    orders: dict[str, tuple[str, ...]] = {}
    for interaction in item.interactions:
        for group in interaction.shuffle_groups():
            known = orders.get(group.label, ())
            drawn = known or _drawn(group, stream)
            orders[group.label] = tuple(dict.fromkeys([*drawn, *group.identifiers]))
    return orders


def _drawn(group: ShuffleGroup, stream: Stream) -> tuple[str, ...]:
    free = [name for name in group.identifiers if name not in group.fixed]
    places = stream.permutation(len(free), f"choices|{group.label}|")
    shuffled = iter([free[place] for place in places])
    return tuple(name if name in group.fixed else next(shuffled) for name in group.identifiers)
