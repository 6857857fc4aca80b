"""The assembly app: items, tests and how forms are made of them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class AssemblyConfig(AppConfig):
    name = "assembly"
    verbose_name = gettext_lazy("Assembly")
    default_auto_field = "django.db.models.BigAutoField"
