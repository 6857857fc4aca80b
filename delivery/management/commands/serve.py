"""Serves everything from one process: pages and sockets by Daphne, a Celery worker and beat."""

import signal
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from delivery.asgi import application
from delivery.celery import app
from delivery.demo import living, signins
from delivery.hosting import environment, pressing
from delivery.hosting.embedded import EmbeddedCelery
from delivery.hosting.server import OrderlyServer
from delivery.vitals import pulse

# A page asks every few seconds by itself, and silence is known from that; this finds connections
# that are dead on the other side.
PING_SECONDS = 60
# Until a socket is accepted. Cut after the usual 5 s, a busy process makes the page try again, and
# is busier still.
HANDSHAKE_SECONDS = 20


class Command(BaseCommand):
    help = "Serve Invigil from one process: Daphne, a Celery worker and beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=environment.whole("PORT", 8000))
        parser.add_argument("--host", default=environment.text("HOST", "127.0.0.1"))
        parser.add_argument("--no-celery", action="store_true", help="workers run elsewhere")
        parser.add_argument(
            "--signins",
            action="store_true",
            help="print the demo's sign-ins and keep its candidates at work",
        )
        parser.add_argument("--no-static", action="store_true", help="static files are collected")

    def handle(self, *args: Any, **options: Any) -> None:
        # Until Daphne's loop has its own handlers; a shell's background job would ignore SIGINT.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        if not options["no_static"]:
            call_command("collectstatic", interactive=False, verbosity=0)
        celery = None if options["no_celery"] else EmbeddedCelery(app)
        doors = signins.kept() if options["signins"] else ()
        table = tuple(signins.table(doors)) if doors else ()
        pressing.read_all()
        server = self._server(options["host"], options["port"], table)
        try:
            if celery is not None:
                celery.start()
            if table:
                living.begin()
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            if celery is not None:
                celery.stop()
            pulse.end(pulse.Kind.WEB)
        if server.abort_start:
            raise CommandError(f"Port {options['port']} is in use; choose another with PORT=.")
        self.stdout.write("Stopped.")

    def _server(self, host: str, port: int, table: Iterable[str]) -> OrderlyServer:
        def ready() -> None:
            address = f"READY http://{host}:{server.listening_addresses[0][1]}/"
            self.stdout.write("\n".join((address, *table)))
            self.stdout.flush()
            pulse.begin(pulse.Kind.WEB)

        trusted = settings.BEHIND_PROXY
        server = OrderlyServer(
            application=application,
            endpoints=[f"tcp:port={port}:interface={host}"],
            signal_handlers=True,
            ready_callable=ready,
            server_name="Invigil",
            ping_interval=PING_SECONDS,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
            proxy_forwarded_address_header="X-Forwarded-For" if trusted else None,
            proxy_forwarded_port_header="X-Forwarded-Port" if trusted else None,
            proxy_forwarded_proto_header="X-Forwarded-Proto" if trusted else None,
        )
        return server
