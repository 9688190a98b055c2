"""What an admin does with preference tasks from a campaign's page: giving undecided ones more votes."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action

from annotation_site.preferences.making import tasks_extend
from annotation_site.preferences.selectors import Extension, extension_of, many, nothing_to_extend
from annotation_site.scoring.models import Campaign


class ExtensionAction(ModelAdmin):
    """For the admin of campaigns: a question that says how many, and the button that does it."""

    @action(description="Give undecided tasks more votes", icon="how_to_vote", permissions=["change"])
    def extend_tasks(self, request: HttpRequest, object_id: int) -> HttpResponse:
        campaign = get_object_or_404(Campaign, pk=object_id)
        if not self.has_change_permission(request, campaign):
            raise PermissionDenied
        back = reverse("admin:scoring_campaign_change", args=[campaign.pk])
        if request.method == "POST":
            tasks = tasks_extend(campaign=campaign, now=timezone.now())
            messages.success(request, f"{many(tasks, 'task')} open again for more votes.")
            return redirect(back)
        extension = extension_of(campaign=campaign)
        if not extension.tasks:
            messages.info(request, nothing_to_extend(extension, campaign))
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"More votes in “{campaign}”",
            "opts": self.opts,
            "original": campaign,
            "question": f"Give {many(extension.tasks, 'undecided task')} {many(extension.votes, 'more vote')}?",
            "facts": _facts(extension, campaign),
            "yes": "Ask for them",
            "back": back,
        }
        return render(request, "admin/confirm.html", context)


def _facts(extension: Extension, campaign: Campaign) -> list[str]:
    facts = [
        "Each is tied or short of votes; it gets as many places as could decide it.",
        f"The limit of this campaign is {campaign.most_votes_per_task} votes a task.",
        "Raters who have not judged them yet are asked; tasks that are decided stay as they are.",
    ]
    if extension.at_limit:
        facts.insert(2, f"{many(extension.at_limit, 'undecided task')} at that limit: no more votes for them.")
    return facts
