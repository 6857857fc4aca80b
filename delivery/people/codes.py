"""Access codes: made, read as they were meant, and kept as digests only."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.db import transaction

from delivery.models import Candidate
from integrity import ledger

# No letter or digit that is mistaken for another: 30 letters, 12 of them are 58 bits.
CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 12
MISREAD: Final = str.maketrans({"O": "Q", "I": "J", "L": "J", "0": "Q", "1": "J", "U": "V"})


def digest(purpose: str, secret: str, key: str = "") -> str:
    """Return a digest that only this installation can compute, with its key of now."""
    keyed = f"invigil/{purpose}/{key or settings.SECRET_KEY}".encode()
    return hmac.new(keyed, secret.encode(), sha256).hexdigest()


def digests(purpose: str, secret: str) -> list[str]:
    """Return the digests with every key that still counts: a new key voids no code and no link."""
    return [digest(purpose, secret, key) for key in ("", *settings.SECRET_KEY_FALLBACKS)]


def normal_code(written: str) -> str:
    """Return an access code as it was meant: case, spaces, dashes and lookalikes do not matter."""
    letters = "".join(letter for letter in written.upper() if letter.isalnum())
    return letters.translate(MISREAD)


def candidate_for_code(written: str) -> Candidate | None:
    """Return whose access code this is; one under an older key comes under the key of now."""
    now, *older = digests("access-code", normal_code(written))
    known = Candidate.objects.select_related("user")
    found = known.filter(access_code_hmac__in=[now, *older]).first()
    if found is not None and found.access_code_hmac != now:
        found.access_code_hmac = now
        found.save(update_fields=["access_code_hmac"])
    return found


def new_code() -> str:
    """Return a fresh access code in groups of four."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return "-".join(letters[i : i + 4] for i in range(0, CODE_LENGTH, 4))


def issue_access_code(candidate: Candidate, *, by: str, at: datetime, code: str = "") -> str:
    """Give a candidate a new access code and return it: it is shown once, only a digest is kept."""
    issued = code or new_code()
    with transaction.atomic():
        candidate.access_code_hmac = digest("access-code", normal_code(issued))
        candidate.save(update_fields=["access_code_hmac"])
        _record_candidate(candidate, "access_code.issued", by=by, at=at)
    return issued


def _record_candidate(candidate: Candidate, kind: str, *, by: str, at: datetime) -> None:
    stream = f"candidate:{candidate.pk}"
    ledger.append(stream=stream, kind=kind, payload={}, actor=by, at=at)
