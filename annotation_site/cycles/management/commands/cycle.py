"""`manage.py cycle --campaign SLUG [--now]`: what beat does each minute, done once, for one campaign.

Begins a cycle if its schedule says so (or with --now whatever it says), and advances the one that is open until a job
is at work or it has ended. Exit status: 0 done, 2 no such campaign or no schedule, 1 refused in words.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.cycles.models import Cycle, Schedule
from annotation_site.cycles.selectors import trigger_of
from annotation_site.cycles.services import CycleError, cycle_advance, cycle_begin, schedule_look
from annotation_site.scoring.selectors import NoSuchCampaign, campaign_find


class Command(BaseCommand):
    help = "Begin a cycle of the loop if its schedule says so, and advance the one that is open."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", default="", metavar="SLUG", help="needed where there are several")
        parser.add_argument("--now", action="store_true", help="begin one now, whatever the schedule says")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            schedule = Schedule.objects.get(campaign=campaign_find(slug=options["campaign"]))
            if options["now"]:
                cycle_begin(schedule=schedule, now=timezone.now())
            else:
                schedule_look(schedule=schedule, now=timezone.now())
        except NoSuchCampaign as error:
            raise CommandError(str(error), returncode=2) from None
        except Schedule.DoesNotExist:
            raise CommandError("This campaign has no schedule: make one in the admin panel.", returncode=2) from None
        except CycleError as error:
            raise CommandError(str(error)) from None
        going = trigger_of(schedule=schedule, now=timezone.now()).going
        if going is not None:
            cycle_advance(cycle=going, now=timezone.now())
            going.refresh_from_db()
            self.stdout.write("\n".join(_told(going)))
        else:
            self.stdout.write(trigger_of(schedule=schedule, now=timezone.now()).words)


def _told(cycle: Cycle) -> list[str]:
    lines = [f"{cycle}: {cycle.get_state_display().lower()}. {cycle.words}".rstrip()]
    for step in cycle.steps.order_by("pk"):
        words = step.words or (step.job.words if step.job else "")
        lines.append(f"  {step.get_kind_display()}: {step.get_state_display().lower()}. {words}".rstrip())
    return lines
