"""Failed sign-ins, counted in the database so that the limit holds when a cache does not."""

from __future__ import annotations

from django.db import models


class SignInFailure(models.Model):
    """One wrong access code, under the digest of where it came from or of how it begins."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("key", "at"), name="sign_in_failure"),)

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.at:%H:%M:%S}"
