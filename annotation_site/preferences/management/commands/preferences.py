"""Print the preference report of a campaign: tasks, agreement, sides, cycles, scales. `--json` prints every number."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.preferences.report import words
from annotation_site.preferences.report.computing import Report, report_compute
from annotation_site.preferences.report.loading import campaign_choose
from annotation_site.preferences.report.numbers import report_as_dict
from annotation_site.scoring.models import Campaign


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", metavar="SLUG", help="default: the campaign of the newest vote")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, campaign: str | None, json: bool, **_: Any) -> None:
        try:
            chosen = campaign_choose(slug=campaign)
        except Campaign.DoesNotExist:
            slugs = ", ".join(Campaign.objects.order_by("slug").values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no campaign {campaign!r}; there are: {slugs}.") from None
        if chosen is None:
            raise CommandError("There is no campaign yet: make one in the admin panel, or with make_pairs.")
        report = report_compute(campaign=chosen, now=timezone.now())
        self.stdout.write(_as_json(report) if json else _as_text(report))


def _as_json(report: Report) -> str:
    return json.dumps(report_as_dict(report=report), indent=2, allow_nan=False)


def _as_text(report: Report) -> str:
    lines = [f"{report.campaign}: {report.n_tasks:,} tasks, {words.counted(report.n_votes, 'vote')}"]
    lines += [f"{one.label}: {one.value} ({', '.join(filter(None, one.details))})" for one in words.figures(report)]
    lines += [f"{row.label}, possible: {row.supply.words}" for row in report.directions]
    lines.append(words.everyone_words(report.left))
    lines += [f"{row.code} {words.side_words(row.left)}." for row in report.flagged]
    lines += [words.cycle_words(report.transitivity), words.ranks_words(report.ranks)]
    return "\n".join(lines)
