"""Campaigns, pairs and ratings in the admin panel. Ratings are looked at here, never changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from annotation_site.leases.skip_columns import SkippedFilter, skips_in_full, skips_in_short, with_skips
from annotation_site.preferences.actions import ExtensionAction
from annotation_site.preferences.making import tasks_make
from annotation_site.preferences.selectors import tasks_progress
from annotation_site.scoring.forms import CampaignForm, PairsForm, TasksForm
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState
from annotation_site.scoring.progress import pulse_cached
from annotation_site.scoring.services import pairs_make

STATE_LABELS = {
    "Counted": "success",
    "Hidden repeat: measures the rater, never counts": "info",
    "Superseded by a correction": None,
    "Surplus: came after its place was taken": "warning",
    "Withdrawn with its rater": "danger",
}


LOUDNESS_HELP = (
    "Left empty, every clip sounds as it was mastered. Given (-36 to -10), every clip is played at this integrated "
    "loudness: -23 is EBU R 128's, streaming services are near -14. A clip that would peak above -1 dBTP stays softer; "
    "the files are not changed. It is recorded with each answer and in each snapshot, and is fixed from the first "
    "rating on. Raters then need JavaScript."
)


LABELS = {
    "is_open": "Open to raters",
    "is_synthetic": "Synthetic",
    "raters_per_pair": "Raters a pair",
    "trim": "Trim at each end",
    "band_low": "Ambiguous from",
    "band_high": "Ambiguous to",
    "votes_per_task": "Votes a preference task",
    "most_votes_per_task": "Most votes, if undecided",
    "lease_minutes": "Lease (minutes)",
    "loudness_lufs": "Loudness (LUFS)",
    "repeat_percent": "Hidden repeats (%)",
    "repeat_distance": "Distance of repeats",
    "heard_percent": "To be heard (%)",
    "shows_number": "Show the number",
    "break_minutes": "Word about a break (minutes)",
    "target_alpha": "Alpha, at least",
    "target_dispersion": "Mean dispersion, at most",
    "too_fast_s": "Too fast (seconds)",
}
HELP = {
    "slug": "Its name in addresses and commands. Fixed with the first pair.",
    "instructions": "What raters read about this campaign, in your words.",
    "is_open": "Closed, it gives out nothing new; what raters hold already is still taken.",
    "is_synthetic": "Made of synthetic paintings and music. Fixed with the first pair.",
    "raters_per_pair": "A pair is complete with so many ratings by as many raters, and never gets more.",
    "trim": "How many of a pair's lowest and how many of its highest ratings are left out of its score.",
    "band_low": "The lowest score that is ambiguous.",
    "band_high": "The highest one. Preference tasks are made of ambiguous pairs.",
    "votes_per_task": "So many people choose between two ambiguous pairs. Odd numbers cannot end in a draw.",
    "most_votes_per_task": (
        "Tasks that end in a draw can be given more votes from this page, one at a time, until they have so many."
    ),
    "loudness_lufs": LOUDNESS_HELP,
    "repeat_percent": (
        "So much of a rater's work is a pair that they rated before, and they are not told. It measures the rater and "
        "never counts in a score. 0 turns it off."
    ),
    "repeat_distance": (
        "A pair comes back after so many ratings of other pairs, or more. At least 10: newer ones can still be "
        "corrected."
    ),
    "heard_percent": (
        "So much of each clip has to be played before an answer is taken, by the page and by the site's own clock. "
        "100 asks for every second of it, 0 for nothing."
    ),
    "shows_number": (
        "Raters see their mark as a number from 0 to 100, too. Off is better: numbers attract round answers. Fixed "
        "from the first rating on."
    ),
    "break_minutes": (
        "After so many minutes of work, between two tasks, a page says that a break would do good. 0 for never."
    ),
    "target_alpha": (
        "Krippendorff's alpha of the ratings, from 0 to 1, that the campaign is after. 0.8 is the usual line; the "
        "paper has 0.86. The reliability page says whether it is met, and how surely."
    ),
    "target_dispersion": (
        "How far apart a pair's ratings may lie on average, as a standard deviation, from 0 to 0.5. The paper has "
        "0.078."
    ),
    "too_fast_s": (
        "A rating counts as too fast if it took less active time than the 15 seconds of the clip and so many more. It "
        "is shown beside the rater and never leaves anything out."
    ),
}


@admin.register(Campaign)
class CampaignAdmin(ExtensionAction):
    """A campaign and how far it is. What its pairs and tasks were made under is fixed with them."""

    form = CampaignForm
    list_display = ("name", "open_label", "kind", "n_complete", "n_pairs", "created_at")
    list_filter = ("is_open", "is_synthetic")
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("-pk",)
    actions_detail = ("make_pairs", "make_tasks", "extend_tasks")
    change_form_before_template = "admin/scoring/progress.html"
    fieldsets = (
        (None, {"fields": (("name", "slug"), "instructions", ("is_open", "is_synthetic"))}),
        ("Ratings", {"fields": (("raters_per_pair", "trim"),), "description": "How a pair gets its score."}),
        (
            "Preferences",
            {
                "fields": (("band_low", "band_high"), ("votes_per_task", "most_votes_per_task")),
                "description": "Which pairs are compared once more, two at a time, and by how many.",
            },
        ),
        ("Playback", {"fields": ("loudness_lufs", "heard_percent")}),
        (
            "Raters at work",
            {
                "fields": (("lease_minutes", "break_minutes"), ("repeat_percent", "repeat_distance"), "shows_number"),
                "description": "How long they keep what they do not answer, when they rest, how they are measured.",
            },
        ),
        (
            "Targets",
            {
                "fields": (("target_alpha", "target_dispersion"), "too_fast_s"),
                "description": "What the reliability page measures the ratings by. Changing them changes no rating.",
            },
        ),
    )
    fixed_with_pairs = ("raters_per_pair", "trim", "is_synthetic", "slug")
    fixed_with_ratings = ("loudness_lufs", "shows_number")
    fixed_with_tasks = ("band_low", "band_high", "votes_per_task")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        found: QuerySet[Campaign] = super().get_queryset(request)
        complete = Count("pairs", filter=Q(pairs__completed_at__isnull=False))
        return found.annotate(pair_count=Count("pairs"), complete_count=complete)

    @display(description="Open", label={"open": "success", "closed": "warning"})
    def open_label(self, campaign: Campaign) -> str:
        return "open" if campaign.is_open else "closed"

    @display(description="Kind", label={"Synthetic": "info"})
    def kind(self, campaign: Campaign) -> str | None:
        return "Synthetic" if campaign.is_synthetic else None

    @display(description="Pairs", ordering="pair_count")
    def n_pairs(self, campaign: Any) -> str:
        return f"{campaign.pair_count:,}"

    @display(description="Complete", ordering="complete_count")
    def n_complete(self, campaign: Any) -> str:
        return f"{campaign.complete_count:,}"

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> tuple[str, ...]:
        fixed: tuple[str, ...] = self.fixed_with_pairs if obj and obj.pairs.exists() else ()
        fixed += self.fixed_with_ratings if obj and Rating.objects.filter(pair__campaign=obj).exists() else ()
        return fixed + (self.fixed_with_tasks if obj and obj.tasks.exists() else ())

    def get_form(self, request: HttpRequest, obj: Campaign | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, labels=LABELS, help_texts=HELP, **kwargs)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Campaign | None = None) -> dict[str, tuple[str, ...]]:
        return {} if obj else {"slug": ("name",)}

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not obj.pairs.exists())

    def save_model(self, request: HttpRequest, obj: Campaign, form: forms.ModelForm[Any], change: bool) -> None:
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        campaign = Campaign.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        shown = self._progress(campaign) if campaign else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<int:campaign_id>/progress/", view, name="scoring_campaign_progress"), *super().get_urls()]

    def progress_view(self, request: HttpRequest, campaign_id: int) -> HttpResponse:
        """The numbers alone: the campaign's page asks for them every few seconds."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        campaign = get_object_or_404(Campaign, pk=campaign_id)
        return render(request, "admin/scoring/progress.html", self._progress(campaign))

    def _progress(self, campaign: Campaign) -> dict[str, Any]:
        pulse = pulse_cached(campaign=campaign, now=timezone.now())
        return {
            "campaign": campaign,
            "pulse": pulse,
            "progress": pulse.progress,
            "playback": pulse.playback,
            "directions": tasks_progress(campaign=campaign),
            "progress_url": reverse("admin:scoring_campaign_progress", args=[campaign.pk]),
        }

    @action(description="Make pairs", icon="add", permissions=["change"])
    def make_pairs(self, request: HttpRequest, object_id: int) -> HttpResponse:
        campaign = get_object_or_404(Campaign, pk=object_id)

        def make(fields: dict[str, Any]) -> str:
            pairs = pairs_make(campaign=campaign, **fields, now=timezone.now())
            return f"{len(pairs):,} new pairs wait for {campaign.raters_per_pair} ratings each."

        return self._make(request, campaign, PairsForm, title=f"Make pairs in “{campaign}”", make=make)

    @action(description="Make preference tasks", icon="swap_horiz", permissions=["change"])
    def make_tasks(self, request: HttpRequest, object_id: int) -> HttpResponse:
        campaign = get_object_or_404(Campaign, pk=object_id)

        def make(fields: dict[str, Any]) -> str:
            tasks = tasks_make(campaign=campaign, **fields, now=timezone.now())
            if not tasks:
                raise ValueError("No two ambiguous pairs share a painting or a clip that is not asked about already.")
            return f"{len(tasks):,} new preference tasks wait for {campaign.votes_per_task} votes each."

        return self._make(request, campaign, TasksForm, title=f"Make preference tasks in “{campaign}”", make=make)

    def _make(
        self, request: HttpRequest, campaign: Campaign, form_class: type[forms.Form], *, title: str, make: Any
    ) -> HttpResponse:
        """A small form; `make(fields)` does the work and says what came of it, or raises ValueError in words."""
        form = form_class(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                messages.success(request, make(form.cleaned_data))
            except ValueError as error:
                form.add_error(None, str(error))
            else:
                return redirect(reverse("admin:scoring_campaign_change", args=[campaign.pk]))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "form": form}
        return render(request, "admin/jobs/start.html", {**context, "button": "Make them"})


class ReadOnlyAdmin(ModelAdmin):
    """Rows that services make: looked at, never edited by hand."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Pair)
class PairAdmin(ReadOnlyAdmin):
    list_display = (
        *("thumb", "items", "n_ratings", "score_shown", "dispersion_shown", "skips", "origin_label", "completed_at"),
    )
    list_display_links = ("thumb", "items")
    list_select_related = ("painting", "clip__track", "campaign")
    list_filter = ("campaign", "origin", SkippedFilter, ("completed_at", admin.EmptyFieldListFilter))
    search_fields = ("painting__title", "clip__track__title", "key")
    ordering = ("-pk",)
    fields = (
        *("campaign", "painting", "clip", "origin", ("rating_count", "score", "dispersion"), "completed_at", "key"),
        "skips_told",
    )

    class Media:
        css = {"all": ["corpus/corpus.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pair]:
        return with_skips(super().get_queryset(request))

    @display(description="Skips", ordering="n_skips")
    def skips(self, pair: Any) -> str:
        return skips_in_short(pair.bars.all())

    @display(description="Skips")
    def skips_told(self, pair: Any) -> SafeString | str:
        return skips_in_full(pair.bars.all())

    @display(description="")
    def thumb(self, pair: Pair) -> SafeString:
        return format_html('<img class="corpus-thumb" src="{}" alt="" loading="lazy">', pair.painting.thumbnail.url)

    @display(description="Painting and clip")
    def items(self, pair: Pair) -> str:
        return f"{pair.painting} with {pair.clip}"

    @display(description="Ratings", ordering="rating_count")
    def n_ratings(self, pair: Pair) -> str:
        return f"{pair.rating_count} of {pair.campaign.raters_per_pair}"

    @display(description="Score", ordering="score")
    def score_shown(self, pair: Pair) -> str:
        return "" if pair.score is None else f"{pair.score:.3f}"

    @display(description="Dispersion", ordering="dispersion")
    def dispersion_shown(self, pair: Pair) -> str:
        return "" if pair.dispersion is None else f"{pair.dispersion:.3f}"

    @display(description="Origin", label={"Asked for by a model": "primary", "Drawn at random": None})
    def origin_label(self, pair: Pair) -> str:
        return str(Pair.Origin(pair.origin).label)


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    list_display = ("pair", "rater", "value_shown", "state_label", "heard", "active", "kind", "created_at")
    list_select_related = ("pair", "rater")
    list_filter = ("state", "is_simulated", "input_method")
    search_fields = ("rater__code", "pair__key")
    ordering = ("-pk",)

    @display(description="Score", ordering="value")
    def value_shown(self, rating: Rating) -> str:
        return f"{rating.value:.3f}"

    @display(description="State", label=STATE_LABELS)
    def state_label(self, rating: Rating) -> str:
        return str(RatingState(rating.state).label)

    @display(description="Heard")
    def heard(self, rating: Rating) -> str:
        return f"{rating.played_ms / 1000:.1f} s"

    @display(description="Took")
    def active(self, rating: Rating) -> str:
        return f"{rating.active_ms / 1000:.1f} s"

    @display(description="Kind", label={"Simulated": "info"})
    def kind(self, rating: Rating) -> str | None:
        return "Simulated" if rating.is_simulated else None
