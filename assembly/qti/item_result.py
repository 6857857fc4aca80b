"""What a test knows of one of its item sessions when outcomes are processed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assembly.qti import values
from assembly.qti.declarations import OutcomeDeclaration, ResponseDeclaration
from assembly.qti.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """`key` is the planned item's ("Q01", or "Q01.2" for a second instance).

    `sections` go outermost first; `weights` and `variable_mappings` are the item ref's.
    """

    key: str
    ref: str
    sections: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    variable_mappings: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, Value | None] = field(default_factory=dict)
    responses: Mapping[str, Value | None] = field(default_factory=dict)
    templates: Mapping[str, Value | None] = field(default_factory=dict)
    corrects: Mapping[str, Value | None] = field(default_factory=dict)
    response_declarations: Mapping[str, ResponseDeclaration] = field(default_factory=dict)
    outcome_declarations: Mapping[str, OutcomeDeclaration] = field(default_factory=dict)
    defaults: Mapping[str, Value | None] = field(default_factory=dict)
    attempted: bool = False

    def weight(self, identifier: str | None) -> float:
        return 1.0 if identifier is None else self.weights.get(identifier, 1.0)

    def variable(self, identifier: str) -> Value | None:
        for known in (self.outcomes, self.responses):
            if identifier in known:
                return known[identifier]
        return self.templates.get(identifier)

    def mapped(self, identifier: str) -> str:
        """The item's own name for what outcome processing calls `identifier`."""
        for source, target in self.variable_mappings.items():
            if target == identifier:
                return source
        return identifier

    @property
    def responded(self) -> bool:
        """At least one response differs from its default."""
        return self.attempted and any(
            not _equal(self.responses.get(name), self.defaults.get(name))
            for name in self.response_declarations
        )

    @property
    def correct(self) -> bool | None:
        """None where a response has no correct value: neither right nor wrong."""
        names = list(self.response_declarations)
        if not names or any(self.corrects.get(name) is None for name in names):
            return None
        return all(_equal(self.responses.get(name), self.corrects.get(name)) for name in names)


def _equal(left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return left is right
    return values.same(left, right)


def subset(
    results: Sequence[ItemResult],
    *,
    section: str | None = None,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> list[ItemResult]:
    """Items of a section (at any depth), in an included and in no excluded category."""
    wanted, unwanted = frozenset(include), frozenset(exclude)
    return [
        result
        for result in results
        if (section is None or section in result.sections)
        and (not wanted or not wanted.isdisjoint(result.categories))
        and unwanted.isdisjoint(result.categories)
    ]
