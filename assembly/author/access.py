"""Who may author: staff with the model's own permission, nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def staff(*permissions: str) -> Callable[[View[P]], View[P]]:
    """Admits staff who hold every one of these permissions of assembly, such as `change_item`."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user = request.user
            wanted = [f"assembly.{name}" for name in permissions]
            if not (isinstance(user, User) and user.is_staff and user.has_perms(wanted)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return cast("View[P]", guarded)

    return decorate


def name(request: HttpRequest) -> str:
    """How the person is named in records."""
    return request.user.get_username()
