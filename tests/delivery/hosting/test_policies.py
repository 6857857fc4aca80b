"""Every page has the one policy, and what is special keeps its own."""

from typing import Any

import pytest
from csp.constants import HEADER, SELF
from csp.decorators import csp_update
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse

from delivery.hosting.policies import PolicyOnce


def header(middleware: type[CSPMiddleware], view: Any) -> str:
    response: Any = middleware(view)(HttpRequest())
    return str(response[HEADER])


def plain(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


def own(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("frame", headers={HEADER: "default-src 'none'"})


@csp_update({"worker-src": [SELF]})
def special(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("with a worker")


@pytest.mark.parametrize("view", [plain, own, special])
def test_the_policy_is_the_one_that_django_csp_writes(view: Any) -> None:
    assert header(PolicyOnce, view) == header(CSPMiddleware, view)


def test_the_policy_follows_the_settings(settings: Any) -> None:
    serve: Any = PolicyOnce(plain)
    before = serve(HttpRequest())[HEADER]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": [SELF]}}
    assert (serve(HttpRequest())[HEADER], "'none'" in before) == ("default-src 'self'", True)
