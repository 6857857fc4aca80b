"""Begins anew: the demo's database file is thrown away and made again."""

from pathlib import Path

from django.core.management import call_command
from django.db import connections

from delivery.demo.loading import DemoError


def begin() -> None:
    """Make an empty database; only ever a SQLite file is thrown away."""
    database = connections["default"]
    file = Path(str(database.settings_dict["NAME"]))
    if database.vendor != "sqlite" or not file.is_absolute():
        raise DemoError(
            "Only the demo's own SQLite file can be begun anew; on another database, "
            "drop and create it yourself, then load the demo."
        )
    connections.close_all()
    for name in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))):
        name.unlink(missing_ok=True)
    call_command("migrate", interactive=False, verbosity=0)
