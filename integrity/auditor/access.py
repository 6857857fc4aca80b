"""Who may look: auditors and superusers."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

GROUP = "Auditor"
View = Callable[..., HttpResponseBase]


def auditors_only(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if not (user.is_superuser or user.groups.filter(name=GROUP).exists()):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
