"""`manage.py join_trainings`: on each further machine of `TRAINING_NODES`, take part in every training."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation_site.training.following import ProcessFailed
from annotation_site.training.joining import join, run_to_join
from annotation_site.training.runs import meeting_name

LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Take part in every training that the worker of the queue gpu starts. Needs TRAINING_NODES above 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="end after the first one")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.TRAINING_NODES == 1:
            raise CommandError("TRAINING_NODES is 1: trainings are not shared by machines.")
        joined: set[str] = set()
        while True:
            run = run_to_join(but=joined)
            if run is None:
                time.sleep(LOOK_SECONDS)
                continue
            joined.add(meeting_name(run))
            self.stdout.write(f"Joining {run}, attempt {run.attempts}")
            try:
                join(run)
            except ProcessFailed as error:
                self.stderr.write(f"{run}: {error}")
            if options["once"]:
                return
