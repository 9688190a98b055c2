"""Removing an item in the admin panel: what to do with its pairs, bringing it back, deleting its files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from annotation_site.corpus.models import Painting, Track
from annotation_site.corpus.standing import Standing, standing_of
from annotation_site.corpus.withdrawal import Begun, WithdrawalError, item_restore, item_withdraw, media_remove


class RemovalForm(forms.Form):
    """Why an item goes, and what becomes of work that hangs on it."""

    because = forms.CharField(
        label="Why",
        max_length=300,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "The museum withdrew its permission"}),
        help_text="Shown on the item's page and with its pairs.",
    )
    begun = forms.ChoiceField(
        label="Pairs and preference tasks that are begun",
        choices=[
            (Begun.CLOSE.value, "Close them: nobody is shown the item again; the ratings given stay"),
            (Begun.FINISH.value, "Finish them: raters go on until they are complete"),
        ],
        initial=Begun.CLOSE.value,
        widget=UnfoldAdminRadioSelectWidget,
    )
    snapshots = forms.ChoiceField(
        label="Its complete pairs",
        choices=[
            ("leave", "Leave them out of new snapshots"),
            ("stay", "Let them go into new snapshots all the same"),
        ],
        initial="leave",
        widget=UnfoldAdminRadioSelectWidget,
    )


class RemovalMixin(ModelAdmin):
    """Three steps of an item's page: remove, bring back, delete the files of what was removed."""

    actions_detail = ("remove", "bring_back", "delete_files")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only the steps that the item's state allows."""
        item = self.model.objects.filter(pk=object_id).first() if str(object_id).isdecimal() else None
        steps = _steps(item) if item is not None else ()
        names = {f"corpus_{self.opts.model_name}_{step}" for step in steps}
        return [one for one in super().get_actions_detail(request, object_id) if one.action_name in names]

    @action(description="Remove…", icon="block", permissions=["change"])
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows what hangs on the item and asks; then takes it out."""
        item = self._item(request, object_id)
        now = timezone.now()
        form = RemovalForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            return self._done(
                request,
                item,
                lambda: _removed(
                    item,
                    item_withdraw(
                        item=item,
                        because=told["because"],
                        begun=Begun(told["begun"]),
                        stays_in_snapshots=told["snapshots"] == "stay",
                        now=now,
                    ),
                ),
            )
        context = self._context(request, item, f"Remove “{item}”")
        return render(
            request, "admin/corpus/remove.html", {**context, "form": form, "standing": standing_of(item=item, now=now)}
        )

    @action(description="Bring back…", icon="undo", permissions=["change"])
    def bring_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        item = self._item(request, object_id)
        if request.method == "POST":
            reopen = "reopen" in request.POST
            return self._done(request, item, lambda: _restored(item, item_restore(item=item, reopen_pairs=reopen)))
        standing = standing_of(item=item, now=timezone.now())
        context = self._context(request, item, f"Bring back “{item}”")
        return render(request, "admin/corpus/bring_back.html", {**context, "standing": standing})

    @action(
        description="Delete its files…",
        icon="delete_forever",
        variant=ActionVariant.DANGER,
        permissions=["change"],
    )
    def delete_files(self, request: HttpRequest, object_id: str) -> HttpResponse:
        item = self._item(request, object_id)
        now = timezone.now()
        if request.method == "POST":
            return self._done(request, item, lambda: _deleted(item, media_remove(item=item, now=now)))
        facts = _deletion_facts(item, standing_of(item=item, now=now))
        context = self._context(request, item, f"Delete the files of “{item}”")
        question = f"Delete the original and everything made from it? “{item}” could not be brought back."
        context |= {"question": question, "facts": facts, "yes": "Delete the files", "danger": True}
        return render(request, "admin/confirm.html", context)

    def _item(self, request: HttpRequest, object_id: str) -> Any:
        if not self.has_change_permission(request):
            raise PermissionDenied
        item = self.model.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        if item is None:
            raise Http404(f"There is no such {self.opts.verbose_name}.")
        return item

    def _done(self, request: HttpRequest, item: Any, act: Any) -> HttpResponse:
        try:
            messages.success(request, act())
        except WithdrawalError as error:
            messages.error(request, str(error))
        return redirect(self._page(item))

    def _page(self, item: Any) -> str:
        return reverse(f"admin:corpus_{self.opts.model_name}_change", args=[item.pk])

    def _context(self, request: HttpRequest, item: Any, title: str) -> dict[str, Any]:
        each = self.admin_site.each_context(request)
        return {**each, "opts": self.opts, "title": title, "item": item, "back": self._page(item), "media": self.media}


def _steps(item: Painting | Track) -> tuple[str, ...]:
    if item.withdrawn_at is None:
        return ("remove",)
    return () if item.media_removed_at is not None else ("bring_back", "delete_files")


def _removed(item: Painting | Track, n: int) -> str:
    return f"“{item}” is withdrawn. {_pairs(n, 'closed')}"


def _restored(item: Painting | Track, n: int) -> str:
    return f"“{item}” is in use again. {_pairs(n, 'reopened')}"


def _deleted(item: Painting | Track, n: int) -> str:
    return f"{n:,} file{'' if n == 1 else 's'} of “{item}” deleted. What is known of it stays, and so do its ratings."


def _pairs(n: int, done: str) -> str:
    return f"{n:,} pair{' was' if n == 1 else 's were'} {done}." if n else f"No pair was {done}."


def _deletion_facts(item: Painting | Track, standing: Standing) -> list[str]:
    open_pairs = standing.untouched + standing.begun
    facts = [
        "Its row stays, with its metadata and the SHA-256 of the original, and says that the files were deleted.",
        f"A file that another {item._meta.verbose_name} has too, byte for byte, stays for that one.",
        "All ratings and votes stay. Its pairs go into no new snapshot any more.",
    ]
    if open_pairs:
        facts.append(f"{_pairs(open_pairs, 'still open')} Closing comes with the deletion: nothing is left to show.")
    if standing.snapshots:
        names = ", ".join(str(one) for one in standing.snapshots)
        facts.append(
            f"Sealed snapshots do not change: {names} keep their own copies. Delete those by hand if you must."
        )
    return facts
