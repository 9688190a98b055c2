"""Look-alikes in the admin panel: two items side by side, one decision at a time, the most similar first."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from annotation_site.corpus.item_selectors import LikenessKind, likeness_counts, likeness_next, likenesses_decided
from annotation_site.corpus.models import Likeness, Painting, PaintingLikeness, Track, TrackLikeness
from annotation_site.corpus.playing import track_player
from annotation_site.corpus.verdicts import likeness_decide
from annotation_site.jobs.admin import user_of

SHOWN = 50
RIGHTS = ["collection", "source", "licence", "file_name"]


def likenesses_page(request: HttpRequest) -> HttpResponse:
    """`?kind=paintings|tracks` chooses, `?id=` one of them; a POST decides and goes on to the next."""
    if not request.user.has_perm("corpus.change_painting"):
        raise PermissionDenied
    counts = likeness_counts()
    kind = _kind(request.GET.get("kind"), counts)
    if request.method == "POST":
        return _decide(request, kind)
    asked = request.GET.get("id", "")
    shown = likeness_next(kind=kind, pk=int(asked) if asked.isdecimal() else None)
    if asked and shown is None:
        raise Http404("There is no such report.")
    context = {
        **admin.site.each_context(request),
        "title": "Look-alikes",
        "kind": kind,
        "kinds": [(one, counts[one]) for one in LikenessKind],
        "likeness": shown,
        "sides": _sides(shown) if shown else [],
        "same_facts": _facts(shown) if shown else [],
        "decided": likenesses_decided(kind=kind)[:SHOWN],
        "undo": request.GET.get("undo", ""),
    }
    return render(request, "admin/corpus/likenesses.html", context)


def _kind(asked: str | None, counts: dict[LikenessKind, tuple[int, int]]) -> LikenessKind:
    """What is asked for; else paintings, unless only tracks wait."""
    if asked in set(LikenessKind):
        return LikenessKind(asked)
    waiting = [kind for kind in LikenessKind if counts[kind][0]]
    return waiting[0] if waiting else LikenessKind.PAINTINGS


def _decide(request: HttpRequest, kind: LikenessKind) -> HttpResponse:
    pk = request.POST.get("id", "")
    likeness = kind.model._default_manager.filter(pk=pk).first() if pk.isdecimal() else None
    if likeness is None:
        raise Http404("There is no such report.")
    try:
        done = likeness_decide(
            likeness=likeness, verdict=request.POST.get("verdict", ""), user=user_of(request), now=timezone.now()
        )
    except ValueError:
        messages.error(request, "Choose one of the answers.")
        return redirect(_address(kind, id=likeness.pk))
    if done.verdict == Likeness.Verdict.OPEN:
        return redirect(_address(kind, id=done.pk))
    return redirect(_address(kind, undo=done.pk))


def _address(kind: LikenessKind, **query: Any) -> str:
    return f"{reverse('admin:corpus_likenesses')}?{urlencode({'kind': kind.value, **query})}"


def _sides(likeness: PaintingLikeness | TrackLikeness) -> list[dict[str, Any]]:
    """The two items, each with its page, the way to remove it, and for tracks a player that starts where they meet."""
    starts = (0.0, 0.0)
    if isinstance(likeness, TrackLikeness):
        starts = (max(0.0, -likeness.offset_s), max(0.0, likeness.offset_s))
    return [
        {
            "letter": letter,
            "item": item,
            "is_painting": isinstance(item, Painting),
            "player": _player(item, start) if isinstance(item, Track) else "",
            "start": start,
            "page_url": reverse(f"admin:corpus_{item._meta.model_name}_change", args=[item.pk]),
            "remove_url": reverse(f"admin:corpus_{item._meta.model_name}_remove", args=[item.pk]),
        }
        for letter, item, start in zip("AB", (likeness.first, likeness.second), starts, strict=True)
    ]


def _player(track: Track, start: float) -> str:
    if track.media_removed_at is not None:
        return ""
    return track_player(list(track.clips.order_by("index")), label=str(track), start_s=start, group="both")


def _facts(likeness: PaintingLikeness | TrackLikeness) -> list[dict[str, Any]]:
    """What is known of both, row by row, and whether it agrees."""
    first, second = likeness.first, likeness.second
    if isinstance(first, Painting) and isinstance(second, Painting):
        names = ["title", "artist", "year", "style", *RIGHTS]
        measured = ("size", *(f"{item.width:,} × {item.height:,} pixels" for item in (first, second)))
    else:
        names = ["title", "artist", "genre", *RIGHTS]
        measured = ("length", *(f"{item.duration_s:.1f} s" for item in (first, second) if isinstance(item, Track)))
    rows = [(name.replace("_", " "), getattr(first, name), getattr(second, name)) for name in names]
    return [
        {"name": name.capitalize(), "first": one, "second": other, "differs": one != other}
        for name, one, other in [*rows, measured]
        if one or other
    ]
