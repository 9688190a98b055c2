"""The page on which an export is started: the recipe's form, and beside it what it would hold."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.estimates import export_estimate
from annotation_site.snapshots.forms import CHOICES, LICENCES, SnapshotForm, initial_like, initial_of, proposed
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.pages.access import admins_only
from annotation_site.snapshots.recipes import CUSTOM
from annotation_site.snapshots.words import recipe_rows
from mpd_builder.snapshot import RecipeError, recipe

EARLIER = 20
"""So many earlier snapshots are offered to begin from."""


def form_of(request: HttpRequest) -> SnapshotForm:
    """The form as it was sent; else as the recipe (`start`) or the earlier snapshot (`again`) of the address has it."""
    if request.method == "POST":
        return SnapshotForm(request.POST)
    asked = {name: request.GET[name] for name in ("campaign", "name") if request.GET.get(name)}
    return SnapshotForm(initial=_initial(request) | asked)


def _initial(request: HttpRequest) -> dict[str, Any]:
    again = request.GET.get("again", "")
    if again.isascii() and again.isdecimal():
        earlier = Snapshot.objects.select_related("campaign").filter(pk=int(again[:18])).first()
        try:
            return initial_like(earlier) if earlier else initial_of(recipe.get(proposed()))
        except RecipeError:  # of code that knew another recipe
            return initial_of(recipe.get(proposed()))
    start = request.GET.get("start", "")
    return initial_of(recipe.get(start if start in recipe.NAMES else proposed()))


def page_of(form: SnapshotForm, *, add_url: str) -> dict[str, Any]:
    """What the page shows beside the fields."""
    start = form["start"].value() or CUSTOM
    campaign = form["campaign"].value()
    keep = {"campaign": campaign} if campaign else {}
    return {
        "form": form,
        "choices": {name: _options(form, name) for name in CHOICES},
        "licences": LICENCES,
        "starts": [
            {"name": name, "url": f"{add_url}?{urlencode({'start': name} | keep)}", "is_chosen": name == start}
            for name in recipe.NAMES
        ],
        "earlier": Snapshot.objects.order_by("-pk").only("pk", "name", "digest")[:EARLIER],
        "estimate_url": reverse("admin:snapshots_snapshot_estimate"),
        **estimate_of(SnapshotForm(_as_sent(form))),
    }


def _options(form: SnapshotForm, name: str) -> list[dict[str, Any]]:
    return [
        {"tag": option.tag(), "id": option.id_for_label, "title": words[0], "words": words[1]}
        for option, words in zip(form[name], CHOICES[name].values(), strict=True)
    ]


def _as_sent(form: SnapshotForm) -> dict[str, Any]:
    """What the browser would send of the form as it stands."""
    sent = {name: form[name].value() for name in form.fields}
    if not sent["campaign"] and (first := Campaign.objects.order_by("-pk").first()):
        sent["campaign"] = first.pk
    return {name: value for name, value in sent.items() if value is not None and value is not False}


def estimate_of(form: SnapshotForm) -> dict[str, Any]:
    """What the form's export would hold; or, while something does not fit, what that is."""
    if not form.is_valid() or form.recipe is None:
        wrong = [str(words) for errors in form.errors.values() for words in errors]
        return {"estimate": None, "wrong": wrong}
    try:
        estimate = export_estimate(campaign=form.cleaned_data["campaign"], recipe=form.recipe)
    except DatabaseError:
        return {"estimate": None, "wrong": ["It could not be counted now. You can start the export all the same."]}
    return {"estimate": estimate, "wrong": [], "recipe_rows": recipe_rows(form.recipe.to_dict())[:6]}


@require_safe
@admins_only
def estimate_part(request: HttpRequest) -> HttpResponse:
    """The live part of the page: the form as it stands is sent along in the address."""
    return render(request, "admin/snapshots/estimate.html", estimate_of(SnapshotForm(request.GET)))
