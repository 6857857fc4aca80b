"""The ledger's signing key and the keys that are vouched for: files, kept outside the database."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from integrity import ledger, wholefiles
from integrity.proof.merkle import Signer, Verifier

STREAM = "ledger:keys"
SIGNING = "signing_key"
VERIFIERS = "verifier_keys"
HANDOVER = "invigil-ledger-key/1\n{key}\n"


def directory() -> Path:
    """Return where the keys are; an installation with several hosts shares it or copies it."""
    return Path(settings.LEDGER_KEY_DIR)


def signer() -> Signer:
    """Return the signing key, made on the first call; readable by its owner alone."""
    file = directory() / SIGNING
    if not file.exists():
        fresh = Signer.generate(settings.LEDGER_ORIGIN)
        if wholefiles.make_once(file, f"{fresh}\n"):
            _vouch_for(fresh.verifier)
    return Signer.parse(file.read_text())


def verifiers() -> list[Verifier]:
    """Return every key that was ever vouched for, oldest first."""
    file = directory() / VERIFIERS
    return [Verifier.parse(line) for line in file.read_text().split()] if file.exists() else []


@transaction.atomic
def rotate(at: datetime) -> Signer:
    """Replace the signing key; the old one signs the new one's, and the ledger keeps that note.

    Checkpoints of the old key stay verifiable: its verifier key stays in the list.
    """
    old = signer()
    new = Signer.generate(old.name)
    ledger.append(
        stream=STREAM,
        kind="key.rotated",
        payload={
            "old": str(old.verifier),
            "new": str(new.verifier),
            "note": old.sign(HANDOVER.format(key=new.verifier)),
        },
        actor="system",
        at=at,
    )
    _vouch_for(new.verifier)
    wholefiles.replace(directory() / SIGNING, f"{new}\n")
    return new


def _vouch_for(verifier: Verifier) -> None:
    with (directory() / VERIFIERS).open("a") as file:
        file.write(f"{verifier}\n")
