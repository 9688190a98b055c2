"""The page on which a run is started, and the part of it that depends on the recipe."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotation_site.training.models import TrainingRun
from annotation_site.training.pages.access import admins_only
from annotation_site.training.recipe_choice import SIZES, parts_of
from annotation_site.training.run_form import RunForm, initial_like

SHOW = "show"
"""The button that asks for the settings of another recipe, where there are no scripts."""


def form_of(request: HttpRequest) -> RunForm:
    """The form as it was sent; else as an earlier run (`again`) or the address has it."""
    if request.method == "POST" and SHOW not in request.POST:
        return RunForm(request.POST)
    return RunForm(initial=_initial(request))


def _initial(request: HttpRequest) -> dict[str, Any]:
    if request.method == "POST":
        return {name: value for name, value in request.POST.dict().items() if value}
    asked: dict[str, Any] = {name: value for name, value in request.GET.dict().items() if value}
    again = asked.pop("again", "")
    if again.isascii() and again.isdecimal():
        earlier = TrainingRun.objects.filter(pk=int(again[:18])).first()
        return {**(initial_like(earlier) if earlier else {}), **asked}
    if "recipe" in asked and "size" not in asked:
        asked["recipe"], asked["size"] = parts_of(asked["recipe"])
    return asked


def page_of(form: RunForm) -> dict[str, Any]:
    """What the page shows beside the fields."""
    return {
        "form": form,
        "sizes": [
            {"tag": option.tag(), "id": option.id_for_label, "title": words[0], "words": words[1]}
            for option, words in zip(form["size"], SIZES.values(), strict=True)
        ],
        "settings_url": reverse("admin:training_trainingrun_settings"),
    }


@require_safe
@admins_only
def settings_part(request: HttpRequest) -> HttpResponse:
    """The recipe's facts and settings: the form as it stands is sent along in the address."""
    return render(request, "admin/training/settings.html", {"form": RunForm(initial=_initial(request))})
