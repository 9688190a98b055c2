"""Put the synthetic demo into an empty site. Does nothing where there is a demo, or anything else, already."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from annotation_site.demo.services import demo_is_wanted, demo_make


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *, seed: int, **_: object) -> None:
        if demo_is_wanted(settings.STATE_DIR):
            demo_make(state_dir=settings.STATE_DIR, seed=seed, now=timezone.now(), tell=self._tell)

    def _tell(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()
