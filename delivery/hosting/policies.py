"""The Content-Security-Policy of every page, put together once."""

from typing import Any, Final

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

SPECIAL: Final = "_csp"


class PolicyOnce(CSPMiddleware):
    """Leaves to django-csp what asks for more than the one policy; nothing of ours does."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self._built: tuple[object, str] = (None, "")

    def process_request(self, request: HttpRequest) -> None:
        """Offer no nonce: our pages have no script or style inline."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        if HEADER in response:
            return response
        if any(name.startswith(SPECIAL) for name in vars(response)):
            return super().process_response(request, response)
        policy = settings.CONTENT_SECURITY_POLICY
        if self._built[0] is not policy:
            self._built = policy, build_policy()
        response[HEADER] = self._built[1]
        return response
