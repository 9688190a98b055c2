"""`manage.py measure_loudness`: fill in the loudness of clips that were imported before it was measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation_site.corpus.measuring import loudness_fill

EVERY = 100


class Command(BaseCommand):
    help = "Measure loudness and true peak (EBU R 128) of the clips that have none. Running it again is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = loudness_fill(progress=(lambda done, total: None) if options["json"] else self._tell)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found), sort_keys=True))
        else:
            self.stdout.write(f"Measured {found.measured:,} clips; {found.quiet:,} are too quiet to have a loudness.")
            if found.kept:
                self.stdout.write(
                    f"{found.kept:,} clips stay unmeasured: a campaign with loudness normalisation has ratings of "
                    "them, and they must go on sounding as they did."
                )
        if found.failed:
            key, why = next(iter(found.failed.items()))
            others = f", and {len(found.failed) - 1:,} more" if len(found.failed) > 1 else ""
            raise CommandError(f"The sound of {key} could not be read ({why}){others}. Import its original again.")

    def _tell(self, done: int, total: int) -> None:
        if done % EVERY == 0:
            self.stdout.write(f"{done:,} of {total:,} clips")
