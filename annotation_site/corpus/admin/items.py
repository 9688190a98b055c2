"""What the lists and pages of paintings, tracks and clips have in common in the admin panel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from annotation_site.corpus.models import Painting, Track

VIEW = "view"
"""The parameter, and the key in the session, that says how a list is shown."""


class View(StrEnum):
    GRID = "grid"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Choice:
    """A link above a list: another order, another view, or a filter to take off."""

    words: str
    url: str
    is_chosen: bool = False


class CorpusChangeList(ChangeList):
    """A list that reads only the columns it shows, and that knows how it is shown and by what it is filtered."""

    view = View.TABLE

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        found.pop(VIEW, None)
        return found

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return found.defer(*self.model_admin.unlisted)

    def chips(self) -> list[Choice]:
        """The filters that hold, each with the address of the list without it."""
        held = []
        for spec in self.filter_specs:
            value = getattr(spec, "value", lambda: None)()
            if value:
                words = dict(spec.lookup_choices).get(value, value)
                held.append(Choice(str(words), self.get_query_string(remove=[spec.parameter_name, "p"])))
        return held

    def sorts(self) -> list[Choice]:
        """The orders that the grid offers; the newest first is the list's own."""
        chosen = {self.list_display[int(index)] for index in self.get_ordering_field_columns()}
        offered = [Choice("Newest", self.get_query_string(remove=["o", "p"]), not chosen)]
        for name, words in self.model_admin.sorts:
            index = self.list_display.index(name)
            offered.append(Choice(words, self.get_query_string({"o": index}, remove=["p"]), name in chosen))
        return offered

    def views(self) -> list[Choice]:
        return [Choice(view.value, self.get_query_string({VIEW: view.value}), view == self.view) for view in View]


class CorpusAdmin(ModelAdmin):
    """Items come in by imports only and stay: pairs, ratings and sealed snapshots speak of them."""

    list_per_page = 60
    list_max_show_all = 60
    list_filter_submit = True
    list_before_template = "admin/corpus/list_top.html"
    unlisted: ClassVar[tuple[str, ...]] = ()
    """Columns that the list does not show, so that they are not read for it."""
    sorts: ClassVar[tuple[tuple[str, str], ...]] = ()

    class Media:
        css = {"all": ["corpus/corpus.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CorpusChangeList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list as it was looked at last: the switch stays where it was put."""
        asked = request.GET.get(VIEW)
        if asked in set(View):
            request.session[VIEW] = asked
        changes = super().get_changelist_instance(request)
        changes.view = View(request.session.get(VIEW, View.GRID)) if self.sorts else View.TABLE
        return changes

    @display(description="Kind", ordering="is_synthetic", label={"Synthetic": "info"})
    def synthetic(self, item: Painting | Track) -> str | None:
        return "Synthetic" if item.is_synthetic else None

    @display(
        description="Rights",
        ordering="may_publish",
        label={"Annotate only": "warning", "Withdrawn": "danger", "Files deleted": "danger"},
    )
    def rights(self, item: Painting | Track) -> str | None:
        if item.media_removed_at is not None:
            return "Files deleted"
        if item.withdrawn_at is not None:
            return "Withdrawn"
        return None if item.may_publish else "Annotate only"
