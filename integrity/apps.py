"""The integrity application: ledger, lockdown policies, and the checks that guard them."""

from django.apps import AppConfig
from django.core import checks

from integrity import grants, triggers


class IntegrityConfig(AppConfig):
    name = "integrity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register(triggers.check, checks.Tags.database)
        checks.register(grants.check, checks.Tags.security, deploy=True)
