"""An item in a session as HTML, and the posted form back as raw responses; no answers."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from django.template.loader import get_template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi, gettext_lazy

from assembly.qti import catalogs, item_session, values
from assembly.qti.body import Interaction, Problem
from assembly.qti.catalogs import Catalog, Shelf
from assembly.qti.item import AssessmentItem, ModalFeedback, Stimulus
from assembly.qti.item_session import ItemSession
from assembly.qti.values import Raw, RawResponses
from assembly.rendering import aids, controls, interactions
from assembly.rendering.controls import Fields, File, Form
from assembly.rendering.nodes import Frames, Handing, RenderContext, Role, Writer, is_in_package

__all__ = [
    "SCRIPTS",
    "Frames",
    "Handing",
    "RenderedItem",
    "Role",
    "posted_responses",
    "render_item",
]

# Languages written from right to left.
_FROM_RIGHT = frozenset(["ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"])
_SCRIPTS = {
    "associate_interaction": (),
    "choice_interaction": ("js/qti-choice.js",),
    "drawing_interaction": ("js/qti-files.js", "js/qti-drawing.js"),
    "end_attempt_interaction": (),
    "extended_text_interaction": ("js/qti-text.js",),
    "gap_match_interaction": ("js/qti-gap-match.js",),
    "graphic_associate_interaction": ("js/qti-picture.js",),
    "graphic_gap_match_interaction": ("js/qti-picture.js",),
    "graphic_order_interaction": ("js/qti-picture.js",),
    "hotspot_interaction": ("js/qti-choice.js", "js/qti-picture.js"),
    "hottext_interaction": ("js/qti-choice.js",),
    "inline_choice_interaction": (),
    "match_interaction": ("js/qti-match.js",),
    "media_interaction": ("js/qti-media.js",),
    "order_interaction": ("js/qti-order.js",),
    "portable_custom_interaction": ("js/qti-portable.js",),
    "position_object_interaction": ("js/qti-picture.js", "js/qti-point.js"),
    "select_point_interaction": ("js/qti-picture.js", "js/qti-point.js"),
    "slider_interaction": ("js/qti-slider.js",),
    "text_entry_interaction": ("js/qti-text.js",),
    "upload_interaction": ("js/qti-files.js", "js/qti-upload.js"),
}
_WIDTH = "js/qti-width.js"
_SPEAK = "js/qti-speak.js"
_SUPPORTS = "js/qti-supports.js"
_CALCULATOR = "js/qti-calculator.js"
_NOTE_TAKING = "js/qti-notes.js"
_ALSO = (_CALCULATOR, _NOTE_TAKING, _SPEAK, _SUPPORTS, _WIDTH)
# Every script that an item may need, for pages that swap items in place.
SCRIPTS = tuple(sorted({script for listed in _SCRIPTS.values() for script in listed} | set(_ALSO)))
_COMPANIONS = {
    "calculator": gettext_lazy("Calculator"),
    "ruler": gettext_lazy("Ruler"),
    "protractor": gettext_lazy("Protractor"),
    "file": gettext_lazy("Document"),
    "thing": gettext_lazy("Material"),
}
DEFAULT_SUPPORTS = frozenset({catalogs.GLOSSARY})
_INLINE = frozenset({"text_entry_interaction", "inline_choice_interaction"})


@dataclass(frozen=True, slots=True)
class RenderedItem:
    """``stimulus`` is empty where the item refers to none; ``scripts`` are static names."""

    body: SafeString
    stimulus: SafeString
    scripts: tuple[str, ...]


def render_item(
    item: AssessmentItem,
    session: ItemSession,
    responses: RawResponses,
    *,
    asset_url: Callable[[str], str],
    stimuli: Sequence[Stimulus] = (),
    disabled: bool = False,
    show_feedback: bool = False,
    role: Role = Role.CANDIDATE,
    problems: Sequence[Problem] = (),
    supports: Set[str] = DEFAULT_SUPPORTS,
    optional: Set[str] = frozenset(),
    language: str = "",
    frames: Frames | None = None,
    handing: Handing | None = None,
    style_url: Callable[[str], str] | None = None,
) -> RenderedItem:
    """``responses`` are those to show; where one is missing the session's stands in.

    ``frames`` says where portable interactions are sealed off; without it they are not shown.
    ``handing`` takes files that are too large for the form; without it they are refused.
    ``style_url`` serves the item's own stylesheets, scoped; without it they are left out.
    ``supports`` are the kinds of catalog cards that the reader wants, if possible in ``language``,
    and what the page itself can do for them; those that are ``optional`` begin switched off.
    """
    context = replace(
        _known(item, session, responses, with_outcomes=show_feedback or item.adaptive),
        asset_url=asset_url,
        problems=tuple(problems),
        shelf=Shelf(_catalogs(item, stimuli), supports, language),
        optional=optional,
        role=role,
        frames=frames,
        handing=handing,
        disabled=disabled,
    )
    feedback = item.modal_feedback if show_feedback else ()
    return _rendered(context, item, stimuli, feedback, _styles((item, *stimuli), style_url))


def _rendered(
    context: RenderContext,
    item: AssessmentItem,
    stimuli: Sequence[Stimulus],
    feedback: Sequence[ModalFeedback],
    styles: SafeString,
) -> RenderedItem:
    shown = _stimuli(context, item, stimuli)
    aloud = _read_aloud() if catalogs.SPOKEN in context.shelf.supports else SafeString("")
    body = _body(item, Writer(replace(context, stimuli=shown)), feedback)
    # What the item itself has a place for stands there; the rest stands beside the item.
    beside = (html for name, html in shown.items() if name not in context.placed)
    switches = aids.switches(context.shelf.supports, context.optional)
    wanted = frozenset() if context.disabled else context.shelf.supports
    brought = {
        _SUPPORTS: switches,
        _SPEAK: aloud,
        _CALCULATOR: aids.calculator(wanted, context.optional),
        _NOTE_TAKING: aids.notes(wanted, context.optional),
    }
    scripts = _scripts(item.interactions) + tuple(name for name, html in brought.items() if html)
    aid = format_html_join("", "{}", ((html,) for html in brought.values()))
    whole = styles + aid + _companions(context, item) + body
    return RenderedItem(whole, SafeString("".join(beside)), scripts)


def _companions(context: RenderContext, item: AssessmentItem) -> SafeString:
    """What the candidate may have beside the item, by name; files of the package as links."""
    if not item.companions:
        return SafeString("")
    listed = [
        {
            "name": _COMPANIONS[one.kind],
            "description": one.description,
            "address": context.asset_url(one.href) if one.href and is_in_package(one.href) else "",
            "file": one.href.rpartition("/")[2],
        }
        for one in item.companions
    ]
    return SafeString(get_template("qti/_companions.html").render({"companions": listed}))


def _read_aloud() -> SafeString:
    return SafeString(get_template("qti/_read_aloud.html").render())


def _styles(
    styled: Sequence[AssessmentItem | Stimulus], style_url: Callable[[str], str] | None
) -> SafeString:
    if style_url is None:
        return SafeString("")
    listed = dict.fromkeys(href for each in styled for href in each.stylesheets)
    return format_html_join(
        "",
        '<link rel="stylesheet" href="{}">',
        ((style_url(href),) for href in listed if is_in_package(href)),
    )


def _body(item: AssessmentItem, writer: Writer, feedback: Sequence[ModalFeedback]) -> SafeString:
    return format_html(
        '<div class="qti-item-body"{}{}>{}{}{}</div>',
        _language(item.language),
        _switched(writer.context),
        writer.html(item.body),
        _modal_feedback(writer, feedback),
        _notes(writer.context),
    )


def _known(
    item: AssessmentItem, session: ItemSession, responses: RawResponses, *, with_outcomes: bool
) -> RenderContext:
    """What of the item and the session may enter a page."""
    return RenderContext(
        asset_url=str,
        templates=session.templates,
        outcomes=session.outcomes if with_outcomes else {},
        math_variables=_math_variables(item),
        choice_orders=session.choice_orders,
        responses=_shown(session, responses),
        shapes={name: (d.base_type, d.cardinality) for name, d in item.responses.items()},
        numbers=_numbers(item.interactions),
        interaction=interactions.render,
    )


def posted_responses(
    item: AssessmentItem, data: Fields, files: Mapping[str, File] | None = None
) -> dict[str, Raw]:
    """The inverse of the form controls; ``files`` are those of a form sent without JavaScript."""
    return controls.raw_responses(item, data, files)


def strays(item: AssessmentItem, data: Form) -> dict[str, Raw]:
    """What no control of the item could have posted, by its name."""
    return controls.strays(item, data)


def buttons(item: AssessmentItem) -> set[str]:
    """The responses that are buttons: pressing one ends an attempt, and is no answer to keep."""
    return item_session.buttons(item)


def pressed(item: AssessmentItem, data: Fields) -> str:
    """The response of the item's own button that sent a form; "" where none did."""
    names = sorted(buttons(item))
    return next((name for name in names if data.getlist(controls.name(name))), "")


def _catalogs(item: AssessmentItem, stimuli: Sequence[Stimulus]) -> tuple[Catalog, ...]:
    return (*item.catalogs, *(catalog for each in stimuli for catalog in each.catalogs))


def _notes(context: RenderContext) -> SafeString:
    """Read once the rest is written, for writing it collects them."""
    return format_html_join("", "{}", ((note,) for note in context.notes))


def _shown(session: ItemSession, responses: RawResponses) -> dict[str, Raw]:
    kept = {name: values.raw(value) for name, value in session.responses.items()}
    return kept | dict(responses)


def _math_variables(item: AssessmentItem) -> frozenset[str]:
    return frozenset(name for name, found in item.templates.items() if found.math_variable)


def _numbers(interactions: Sequence[Interaction]) -> dict[str, int]:
    """The inline interactions counted through the item, for names such as "Answer 2"."""
    inline = [each.response_identifier for each in interactions if each.name in _INLINE]
    return {response: at for at, response in enumerate(inline, 1)}


def _scripts(interactions: Sequence[Interaction]) -> tuple[str, ...]:
    needed = [script for each in interactions for script in _SCRIPTS[each.name]]
    if any("data-choices-container-width" in each.attributes for each in interactions):
        needed.append(_WIDTH)
    return tuple(dict.fromkeys(needed))


def _stimuli(
    context: RenderContext, item: AssessmentItem, stimuli: Sequence[Stimulus]
) -> dict[str, SafeString]:
    """Each stimulus by the name that the item gives it, else by its own."""
    writer = Writer(replace(context, interaction=None))
    names = [ref.identifier for ref in item.stimulus_refs]
    if len(names) != len(stimuli):
        names = [each.identifier for each in stimuli]
    return {
        name: format_html(
            '<section class="qti-stimulus"{}{}>{}</section>',
            _language(each.language),
            _switched(context),
            writer.html(each.body),
        )
        for name, each in zip(names, stimuli, strict=True)
    }


def _language(language: str) -> SafeString:
    """Its direction, too, where the page around it runs the other way."""
    if not language:
        return SafeString("")
    from_right = language.partition("-")[0].lower() in _FROM_RIGHT
    if from_right == get_language_bidi():
        return format_html(' lang="{}"', language)
    return format_html(' lang="{}" dir="{}"', language, "rtl" if from_right else "ltr")


def _switched(context: RenderContext) -> SafeString:
    return aids.attribute(context.shelf.supports, context.optional)


def _modal_feedback(writer: Writer, feedback: Sequence[ModalFeedback]) -> SafeString:
    shown = [each for each in feedback if _is_due(writer.context, each)]
    return format_html_join(
        "",
        '<aside class="qti-modal-feedback" role="status">{}{}</aside>',
        ((_heading(each.title), writer.html(each.content)) for each in shown),
    )


def _heading(title: str) -> SafeString:
    return format_html("<h3>{}</h3>", title) if title else SafeString("")


def _is_due(context: RenderContext, feedback: ModalFeedback) -> bool:
    held = values.raw(context.outcomes.get(feedback.outcome_identifier))
    names = (held,) if isinstance(held, str) else tuple(held or ())
    return (feedback.identifier in names) is feedback.show
