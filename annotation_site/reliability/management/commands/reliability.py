"""Print the reliability of a campaign: alpha, dispersion, each rater. `--json` prints every number."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.reliability.numbers import report_as_dict
from annotation_site.reliability.report import PAPER, Report, report_compute
from annotation_site.reliability.selectors import campaign_choose
from annotation_site.scoring.models import Campaign


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", metavar="SLUG", help="default: the campaign of the newest rating")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, campaign: str | None, json: bool, **_: Any) -> None:
        try:
            chosen = campaign_choose(slug=campaign)
        except Campaign.DoesNotExist:
            slugs = ", ".join(Campaign.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no campaign {campaign!r}; there are: {slugs}.") from None
        if chosen is None:
            raise CommandError("There is no campaign yet: make one in the admin panel, or with make_pairs.")
        report = report_compute(campaign=chosen, now=timezone.now())
        self.stdout.write(_as_json(report) if json else _as_text(report))


def _as_json(report: Report) -> str:
    return json.dumps(report_as_dict(report=report), indent=2)


def _as_text(report: Report) -> str:
    overall, dispersion = report.found.overall, report.found.overall.dispersion
    mean, below_09, below_11 = astuple(dispersion) if dispersion else (None, None, None)
    alpha = overall.alpha
    interval = f" ({alpha.low:.3f} to {alpha.high:.3f})" if alpha.low is not None and alpha.high is not None else ""
    lines = [
        f"{report.campaign}: {overall.n_complete} of {report.headline.n_pairs} pairs complete, {overall.n_ratings} "
        f"ratings by {len(report.found.raters)} raters ({report.n_simulated} ratings simulated)",
        f"Krippendorff's alpha  {_number(alpha.value)}{interval}   paper {PAPER.alpha:.2f}",
        f"alpha of the score    {_number(overall.alpha_of_score.value)}",
        f"mean dispersion       {_number(mean)}   paper {PAPER.mean_dispersion:.3f}",
        f"share below 0.09      {_number(below_09)}   paper {PAPER.share_below_09:.3f}",
        f"share below 0.11      {_number(below_11)}   paper {PAPER.share_below_11:.3f}",
    ]
    flagged = [(report.people[int(one.rater)].code, one.flags) for one in report.found.raters if one.flags]
    lines += [f"{code} {', '.join(flag.words for flag in flags)}" for code, flags in flagged]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
