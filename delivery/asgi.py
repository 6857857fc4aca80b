"""The ASGI application: static files, pages through Django, sockets through Channels."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")
django.setup(set_prefix=False)

# Models must be ready before anything that imports them.
from delivery.facts import hub  # noqa: E402
from delivery.hosting.onehop import OneHopHandler  # noqa: E402
from delivery.hosting.static import StaticFiles  # noqa: E402
from delivery.urls import websocket_urlpatterns  # noqa: E402
from delivery.vitals import pulse  # noqa: E402

# Another site's page cannot open our sockets: the Origin must be one of our hosts.
sockets = AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns))
pages = OneHopHandler(settings.WEB_THREADS)
router = ProtocolTypeRouter({"http": StaticFiles(pages), "websocket": sockets})


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    hub.attach()
    pulse.begin(pulse.Kind.WEB)
    await router(scope, receive, send)
