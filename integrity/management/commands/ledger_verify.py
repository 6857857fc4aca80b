"""Verify ledger streams; exit with 1 and the first broken entry where one is not whole."""

import zipfile
from argparse import ArgumentParser
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from tqdm import tqdm

from integrity import ledger, triggers
from integrity.ledger import Verdict
from integrity.models import LedgerEntry, LedgerStream, SealedHead
from integrity.proof import anchors, evidence_verifier, keys, seals, timestamps, witnesses


class Command(BaseCommand):
    help = (
        "Walk the ledger's chains from beginning to head, the seals and their signatures, and "
        "compare the answers that are stored with what was recorded of them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--stream", help="verify this stream alone")
        only.add_argument("--bundle", type=Path, help="verify an evidence bundle instead")
        parser.add_argument(
            "--anchor",
            type=Path,
            metavar="FILE",
            help="compare with the checkpoints that an anchor kept outside",
        )
        parser.add_argument(
            "--authority",
            type=Path,
            metavar="PEM",
            help="verify the signatures of time stamps with these certificates",
        )

    def handle(
        self,
        *args: Any,
        stream: str | None = None,
        bundle: Path | None = None,
        anchor: Path | None = None,
        authority: Path | None = None,
        **options: Any,
    ) -> None:
        if bundle:
            self._verify_bundle(bundle)
            return
        if stream and not LedgerStream.objects.filter(name=stream).exists():
            raise CommandError(f"No stream is named {stream!r}.")
        for name in triggers.missing(connection):
            self.stderr.write(f"Warning: the trigger {name} is missing or switched off.")
        with self._bar(stream, hidden=options["verbosity"] == 0) as bar:
            streams, entries = self._verify_chains(bar, stream)
            sealing = None if stream else self._verify_seals(bar)
            bar.set_description("Comparing answers")
            _hear_witnesses([stream] if stream else None)
        if anchor:
            self._verify_anchored(anchor)
        if not stream:
            self._verify_stamps(authority)
        if sealing and sealing.checkpoints:
            if not sealing.signatures:
                self.stderr.write(
                    "Warning: no verifier key is known here, so the signatures were not checked."
                )
            self.stdout.write(
                f"{sealing.checkpoints} checkpoints over {sealing.heads} sealed heads verified"
            )
        self.stdout.write(f"{streams} streams, {entries} entries verified")

    def _verify_bundle(self, file: Path) -> None:
        known = [str(verifier) for verifier in keys.verifiers()]
        try:
            with zipfile.ZipFile(file) as bundle:
                lines = evidence_verifier.verify(bundle, known)
        except evidence_verifier.BrokenError as error:
            raise CommandError(f"Broken: {error}") from error
        except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
            raise CommandError(f"{file} is not a whole bundle: {error!r}") from error
        self.stdout.write("\n".join(lines))

    def _verify_chains(self, bar: "tqdm[Any]", stream: str | None) -> tuple[int, int]:
        if stream:
            return _count(seals.verify_streams([stream]))
        # Closed at once: an open cursor would outlive the connection.
        with closing(ledger.verify_all(bar.update)) as verdicts:
            return _count(verdicts)

    def _verify_seals(self, bar: "tqdm[Any]") -> seals.Sealing:
        sealing = seals.verify(bar.update)
        if sealing.broken:
            raise CommandError(_broken_sentence(sealing.broken))
        return sealing

    def _verify_anchored(self, file: Path) -> None:
        try:
            held, broken = seals.verify_anchored(anchors.notes(file))
        except (anchors.AnchorError, OSError, ValueError) as error:
            raise CommandError(f"{file}: {error}") from error
        if broken:
            raise CommandError(_broken_sentence(broken))
        self.stdout.write(f"{held} anchored checkpoints verified")

    def _verify_stamps(self, authority: Path | None) -> None:
        try:
            roots = timestamps.certificates(authority) if authority else []
        except timestamps.StampError as error:
            raise CommandError(str(error)) from error
        held, broken = timestamps.verify_all(roots)
        if broken:
            raise CommandError(_broken_sentence(broken))
        if held:
            how = "with their signatures" if roots else "without their signatures: no --authority"
            self.stdout.write(f"{held} time stamps verified ({how})")

    def _bar(self, stream: str | None, *, hidden: bool) -> "tqdm[Any]":
        rows = LedgerEntry.objects.filter(**({"stream__name": stream} if stream else {}))
        return tqdm(
            total=rows.count() + (0 if stream else SealedHead.objects.count()),
            unit=" entries",
            desc="Verifying",
            leave=False,
            disable=True if hidden else None,  # None: shown in a terminal only
        )


def _hear_witnesses(streams: list[str] | None) -> None:
    for difference in witnesses.differences(streams):
        raise CommandError(_broken_sentence(difference.verdict))


def _count(verdicts: Iterable[Verdict]) -> tuple[int, int]:
    streams = entries = 0
    for verdict in verdicts:
        if verdict.broken:
            raise CommandError(_broken_sentence(verdict))
        streams += 1
        entries += verdict.entries
    return streams, entries


def _broken_sentence(verdict: Verdict) -> str:
    assert verdict.broken
    return (
        f"Broken: stream {verdict.stream}, entry {verdict.broken.seq}, {verdict.broken.kind}. "
        f"{verdict.broken.sentence}"
    )
