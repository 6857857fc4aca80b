"""The assessment item and the shared stimulus, as read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from assembly.qti.body import Interaction, Node
from assembly.qti.catalogs import Catalog
from assembly.qti.declarations import (
    ContextDeclaration,
    OutcomeDeclaration,
    ResponseDeclaration,
    TemplateDeclaration,
)
from assembly.qti.errors import Loss
from assembly.qti.processing import Rules


@dataclass(frozen=True, slots=True)
class Companion:
    """Something that a candidate may have beside an item: a calculator, a ruler, a file."""

    kind: str
    description: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class StimulusRef:
    identifier: str
    href: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class ModalFeedback:
    """Shown when the outcome holds the identifier, or, with `show` false, when it does not."""

    outcome_identifier: str
    identifier: str
    show: bool
    title: str
    content: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class AssessmentItem:
    identifier: str
    title: str
    label: str = ""
    language: str = ""
    adaptive: bool = False
    time_dependent: bool = False
    responses: Mapping[str, ResponseDeclaration] = field(default_factory=dict)
    outcomes: Mapping[str, OutcomeDeclaration] = field(default_factory=dict)
    templates: Mapping[str, TemplateDeclaration] = field(default_factory=dict)
    contexts: Mapping[str, ContextDeclaration] = field(default_factory=dict)
    template_processing: Rules = ()
    response_processing: Rules = ()
    body: tuple[Node, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    modal_feedback: tuple[ModalFeedback, ...] = ()
    stimulus_refs: tuple[StimulusRef, ...] = ()
    stylesheets: tuple[str, ...] = ()
    catalogs: tuple[Catalog, ...] = ()
    companions: tuple[Companion, ...] = ()
    max_score: float | None = None
    losses: tuple[Loss, ...] = ()

    @cached_property
    def undeclared(self) -> frozenset[str]:
        """Responses that interactions collect but no declaration keeps."""
        asked = {interaction.response_identifier for interaction in self.interactions}
        return frozenset(asked - self.responses.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulus:
    identifier: str
    title: str
    language: str = ""
    body: tuple[Node, ...] = ()
    stylesheets: tuple[str, ...] = ()
    catalogs: tuple[Catalog, ...] = ()
