"""Tracks and their clips in the admin panel, with what can be heard played in place."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from annotation_site.corpus.admin.bulk import DescribeMixin
from annotation_site.corpus.admin.filters import (
    ClipKindFilter,
    KindFilter,
    PublishFilter,
    SoundFilter,
    UseFilter,
    value_filter,
)
from annotation_site.corpus.admin.items import CorpusAdmin
from annotation_site.corpus.admin.pages import ItemPageMixin
from annotation_site.corpus.admin.removal import RemovalMixin
from annotation_site.corpus.models import Clip, Track
from annotation_site.corpus.playing import clip_player
from annotation_site.corpus.templatetags.corpus import beginning, minutes


@admin.register(Track)
class TrackAdmin(DescribeMixin, RemovalMixin, ItemPageMixin, CorpusAdmin):
    list_display = (
        "heard",
        "title",
        "artist",
        "genre",
        "length",
        "clip_count",
        "collection",
        "licence",
        "rights",
        "synthetic",
    )
    list_display_links = ("title",)
    list_filter = (
        value_filter("genre"),
        value_filter("artist"),
        value_filter("collection"),
        value_filter("source"),
        value_filter("licence"),
        PublishFilter,
        KindFilter,
        UseFilter,
    )
    search_fields = ("title", "artist", "file_name", "key")
    search_help_text = "Title, artist, file name or key"
    ordering = ("-pk",)
    sorts = (("title", "Title"), ("artist", "Artist"), ("genre", "Genre"), ("length", "Length"))
    unlisted = ("extras", "source", "attribution", "original", "sha256")
    fieldsets = (
        ("Catalogue", {"fields": (("title", "artist"), ("genre", "collection"), "source", ("valence", "arousal"))}),
        ("Rights", {"fields": (("licence", "attribution"), "may_publish")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Track]:
        """With the number of clips, and with the first one, whose beginning stands for the track in lists."""
        clips = Clip.objects.filter(track=OuterRef("pk")).order_by().values("track").annotate(n=Count("pk"))
        first = Prefetch("clips", Clip.objects.filter(index=0), to_attr="first_clips")
        tracks: QuerySet[Track] = super().get_queryset(request)
        return tracks.annotate(n_clips=Subquery(clips.values("n"))).prefetch_related(first)

    @display(description="Listen")
    def heard(self, track: Track) -> SafeString | str:
        return beginning(track)

    @display(description="Length", ordering="duration_s")
    def length(self, track: Track) -> str:
        return minutes(track.duration_s)

    @display(description="Clips", ordering="n_clips")
    def clip_count(self, track: Track) -> SafeString:
        url = f"{reverse('admin:corpus_clip_changelist')}?{urlencode({'track__id__exact': track.pk})}"
        return format_html('<a href="{}">{}</a>', url, track.n_clips or 0)  # type: ignore[attr-defined]


@admin.register(Clip)
class ClipAdmin(CorpusAdmin):
    list_display = ("of_track", "part", "heard", "loudness", "peak", "silent", "synthetic")
    list_display_links = None
    list_filter = (value_filter("track__genre"), value_filter("track__collection"), SoundFilter, ClipKindFilter)
    list_select_related = ("track",)
    search_fields = ("track__title", "track__artist", "key")
    search_help_text = "Track, artist or key"
    ordering = ("track_id", "index")
    unlisted = ("mel", "track__extras", "track__source", "track__attribution", "track__original", "track__sha256")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "track__id__exact" or bool(super().lookup_allowed(lookup, value, request))

    @display(description="Track", ordering="track__title")
    def of_track(self, clip: Clip) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:corpus_track_change", args=[clip.track_id]), clip.track
        )

    @display(description="Part", ordering="index")
    def part(self, clip: Clip) -> str:
        return f"{clip.index + 1}, from {minutes(clip.start_frame / clip.track.sample_rate)}"

    @display(description="Listen")
    def heard(self, clip: Clip) -> SafeString | str:
        if clip.track.media_removed_at is not None:
            return ""
        return clip_player(clip, label=f"{clip.track}, part {clip.index + 1}")

    @display(description="Loudness", ordering="loudness_lufs")
    def loudness(self, clip: Clip) -> str:
        return "" if clip.loudness_lufs is None else f"{clip.loudness_lufs:.1f}\u00a0LUFS"

    @display(description="True peak", ordering="true_peak_dbtp")
    def peak(self, clip: Clip) -> str:
        return "" if clip.true_peak_dbtp is None else f"{clip.true_peak_dbtp:.1f}\u00a0dBTP"

    @display(description="Sound", ordering="is_silent", label={"Silent": "warning"})
    def silent(self, clip: Clip) -> str | None:
        return "Silent" if clip.is_silent else None

    @display(description="Kind", ordering="track__is_synthetic", label={"Synthetic": "info"})
    def synthetic(self, item: Any) -> str | None:
        return "Synthetic" if item.track.is_synthetic else None
