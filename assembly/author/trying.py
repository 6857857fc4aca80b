"""Trying a whole test as a candidate: its plan, item by item, and what it would score."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from assembly import linting, models, rendering, trials
from assembly.adaptive import SettingsError
from assembly.author import items
from assembly.author.access import staff
from assembly.qti.errors import QtiError
from assembly.selection import SelectionError
from assembly.trials import TestTrial


def _key(test: models.AssessmentTest) -> str:
    return f"test-trial-{test.pk}-{int(test.updated_at.timestamp())}"


@require_POST
@staff("view_assessmenttest")
def begin(request: HttpRequest, test_id: int) -> HttpResponse:
    """A new plan each time, as every candidate would get another."""
    test = get_object_or_404(models.AssessmentTest, pk=test_id)
    findings = [finding.message for finding in linting.lint(test) if finding.is_error]
    if findings:
        messages.error(request, " ".join(findings))
        return redirect("author:publish", test_id)
    try:
        trial = trials.begin_test(test)
    except (SelectionError, SettingsError, QtiError) as error:
        messages.error(request, str(error))
        return redirect("author:test", test_id)
    request.session[_key(test)] = trial.to_json()
    return redirect("author:try_item", test_id, 1)


def _trial(request: HttpRequest, test: models.AssessmentTest) -> TestTrial | None:
    data = request.session.get(_key(test))
    return trials.resume_test(test, data) if data else None


@staff("view_assessmenttest")
def item(request: HttpRequest, test_id: int, place: int) -> HttpResponse:
    test = get_object_or_404(models.AssessmentTest, pk=test_id)
    trial = _trial(request, test)
    if trial is None or trial.planned(place) is None:
        return redirect("author:test", test_id)
    if request.method == "POST":
        return _answer(request, test, trial, place)
    return _page(request, test, trial, place, trials.trial_at(trial, place))


def _answer(
    request: HttpRequest, test: models.AssessmentTest, trial: TestTrial, place: int
) -> HttpResponse:
    shown = trials.trial_at(trial, place)
    raw = rendering.posted_responses(shown.item, request.POST, request.FILES)
    pressed = rendering.pressed(shown.item, request.POST)
    trial, done = trials.answer(trial, place, raw, pressed)
    if done.problem:
        return _page(request, test, trial, place, done)
    request.session[_key(test)] = trial.to_json()
    if pressed:
        return redirect("author:try_item", test.pk, place)
    go = request.POST.get("go", "next")
    if go == "back":
        return redirect("author:try_item", test.pk, max(1, place - 1))
    if go == "end" or trial.planned(place + 1) is None:
        return redirect("author:try_result", test.pk)
    return redirect("author:try_item", test.pk, place + 1)


def _page(
    request: HttpRequest,
    test: models.AssessmentTest,
    trial: TestTrial,
    place: int,
    shown: trials.Trial,
) -> HttpResponse:
    planned = trial.plan.items[place - 1]
    version = trial.versions[planned.ref]
    sections = [trial.plan.section(name) for name in planned.sections]
    context = {
        "test": test,
        "trial": shown,
        "place": place,
        "count": len(trial.plan.items),
        "sections": [section.title for section in sections if section.visible],
        "adaptive": any(section.adaptive for section in sections),
        "rendered": items.show(shown, items.version_address(version.pk), version),
    }
    return render(request, "author/try_item.html", context)


@require_GET
@staff("view_assessmenttest")
def result(request: HttpRequest, test_id: int) -> HttpResponse:
    test = get_object_or_404(models.AssessmentTest, pk=test_id)
    trial = _trial(request, test)
    if trial is None:
        return redirect("author:test", test_id)
    lines, outcomes = trials.result(trial)
    context = {"test": test, "lines": lines, "outcomes": outcomes}
    return render(request, "author/try_result.html", context)
