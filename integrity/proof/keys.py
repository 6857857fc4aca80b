"""The ledger's signing key and the keys that are vouched for: files, kept outside the database."""

import os
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from integrity import ledger
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
        directory().mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = Signer.generate(settings.LEDGER_ORIGIN)
        draft = _write_private(fresh)
        try:
            # A link is made whole or not at all: of two first calls one wins, both read the same.
            os.link(draft, file)
        except FileExistsError:
            pass
        else:
            _vouch_for(fresh.verifier)
        finally:
            draft.unlink()
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
    draft = _write_private(new)
    _vouch_for(new.verifier)
    draft.replace(directory() / SIGNING)
    return new


def _write_private(key: Signer) -> Path:
    draft = directory() / f".{SIGNING}.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text(f"{key}\n")
    return draft


def _vouch_for(verifier: Verifier) -> None:
    with (directory() / VERIFIERS).open("a") as file:
        file.write(f"{verifier}\n")
