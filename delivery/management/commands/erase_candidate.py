"""Erase a person: name, answers and words; the ledger stays whole."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from delivery.models import Candidate
from delivery.people import erasing
from delivery.rules.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Erase a candidate's personal data and answers; their number again says that it is meant."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="the candidate's number")
        parser.add_argument("--reason", required=True, help="it stays in the ledger")
        parser.add_argument("--confirm", metavar="NUMBER", required=True, help="the number again")
        parser.add_argument("--by", default="erase_candidate", help="who is noted in the ledger")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Candidate.objects.filter(number=options["number"]).first()
        if found is None:
            raise CommandError(f"No candidate has the number {options['number']}.")
        if options["confirm"] != options["number"]:
            raise CommandError("The two numbers differ: nobody was erased.")
        by = f"command:{options['by']}"
        try:
            erasing.erase(found.pk, reason=options["reason"], by=by, at=timezone.now())
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"Candidate {options['number']} was erased; the ledger stays whole.")
