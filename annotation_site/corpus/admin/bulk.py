"""The action on selected items: licence, attribution, source, collection and right to publish, in one step."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from annotation_site.corpus.cataloguing import items_describe

APPLY = "describe"
EXAMPLES = 5
TEXTS = {"licence": 200, "attribution": 600, "source": 600, "collection": 120}
RIGHTS = [("", "Leave as it is"), ("yes", "May be published"), ("no", "May be annotated, not published")]


class DescribeForm(forms.Form):
    """For each text a box that empties it: a field that is left blank leaves the items as they are."""

    may_publish = forms.ChoiceField(
        label="Right to publish",
        choices=RIGHTS,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Snapshots made from now on carry the media only of items that may be published and state a licence.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, length in TEXTS.items():
            self.fields[name] = forms.CharField(
                label=name.capitalize(),
                max_length=length,
                required=False,
                widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Leave as it is", "autocomplete": "off"}),
            )
            self.fields[f"empty_{name}"] = forms.BooleanField(
                label=f"Empty the {name}", required=False, widget=UnfoldBooleanWidget
            )
        self.order_fields([*(field for name in TEXTS for field in (name, f"empty_{name}")), "may_publish"])

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        for name in TEXTS:
            if told.get(name) and told.get(f"empty_{name}"):
                self.add_error(name, "Either a text or to empty it, not both.")
        if not self.errors and not self.wanted():
            raise forms.ValidationError("Nothing is filled in, so nothing would change.")
        return told

    def wanted(self) -> dict[str, Any]:
        """What is to be set."""
        told = self.cleaned_data
        wanted: dict[str, Any] = {
            name: told.get(name, "") for name in TEXTS if told.get(name) or told.get(f"empty_{name}")
        }
        if told.get("may_publish"):
            wanted["may_publish"] = told["may_publish"] == "yes"
        return wanted


class DescribeMixin(ModelAdmin):
    """Gives a list of items the action."""

    actions = ("describe",)

    @action(description="Set licence, collection, rights…", permissions=["change"])
    def describe(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """First the form, with the selection carried along; then the change, in one step."""
        form = DescribeForm(request.POST if APPLY in request.POST else None)
        if form.is_bound and form.is_valid():
            n = items_describe(items=queryset, fields=form.wanted())
            told = ", ".join(str(form.fields[name].label).lower() for name in form.wanted())
            noun = self.opts.verbose_name if n == 1 else self.opts.verbose_name_plural
            messages.success(request, f"Set for {n:,} {noun}: {told}.")
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Set licence, collection and rights",
            "form": form,
            "n": queryset.count(),
            "examples": list(queryset.order_by("pk")[:EXAMPLES]),
            "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "apply": APPLY,
            "back": request.get_full_path(),
        }
        return render(request, "admin/corpus/describe.html", context)
