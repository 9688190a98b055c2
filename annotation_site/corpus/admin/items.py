"""Paintings, tracks and clips in the admin panel."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.corpus.waveforms import waveform

SYNTHETIC = {"Synthetic": "info"}
ORIGIN = ("file_name", "original_link", "sha256", "key", "created_at", "imported_by", "extras")


class CorpusAdmin(ModelAdmin):
    """Items come in by imports only and stay: pairs, ratings and sealed snapshots speak of them."""

    list_per_page = 50
    list_filter_submit = False

    class Media:
        css = {"all": ["corpus/corpus.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Kind", ordering="is_synthetic", label=SYNTHETIC)
    def synthetic(self, item: Painting | Track) -> str | None:
        return "Synthetic" if item.is_synthetic else None

    @display(description="Original")
    def original_link(self, item: Painting | Track) -> SafeString:
        return format_html('<a href="{}">{}</a>', item.original.url, item.file_name)


@admin.register(Painting)
class PaintingAdmin(CorpusAdmin):
    list_display = ("thumb", "title", "artist", "year", "style", "size", "licence", "synthetic")
    list_display_links = ("thumb", "title")
    list_filter = ("is_synthetic", "style", "licence")
    search_fields = ("title", "artist", "file_name", "key")
    ordering = ("-created_at", "pk")
    readonly_fields = ("shown", "size", "is_synthetic", "dhash", *ORIGIN)
    fieldsets = (
        (None, {"fields": ("shown",)}),
        ("Catalogue", {"fields": (("title", "artist"), ("year", "style"), "source", ("licence", "attribution"))}),
        ("Origin", {"fields": (("size", "is_synthetic"), *ORIGIN, "dhash")}),
    )

    @display(description="")
    def thumb(self, painting: Painting) -> SafeString:
        return format_html('<img class="corpus-thumb" src="{}" alt="" loading="lazy">', painting.thumbnail.url)

    @display(description="Painting")
    def shown(self, painting: Painting) -> SafeString:
        return format_html('<img class="corpus-shown" src="{}" alt="{}">', painting.display.url, painting.title)

    @display(description="Size", ordering="width")
    def size(self, painting: Painting) -> str:
        return f"{painting.width}\u00a0×\u00a0{painting.height}"


@admin.register(Track)
class TrackAdmin(CorpusAdmin):
    list_display = ("title", "artist", "genre", "length", "clip_count", "licence", "synthetic")
    list_filter = ("is_synthetic", "genre", "licence")
    search_fields = ("title", "artist", "file_name", "key")
    ordering = ("-created_at", "pk")
    readonly_fields = ("clips_heard", "length", "sound", "is_synthetic", *ORIGIN)
    fieldsets = (
        (None, {"fields": ("clips_heard",)}),
        ("Catalogue", {"fields": (("title", "artist"), "genre", "source", ("licence", "attribution"))}),
        ("Origin", {"fields": (("length", "sound"), "is_synthetic", *ORIGIN)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Track]:
        tracks: QuerySet[Track] = super().get_queryset(request)
        return tracks.annotate(n_clips=Count("clips"))

    @display(description="Length", ordering="duration_s")
    def length(self, track: Track) -> str:
        return f"{int(track.duration_s) // 60}:{int(track.duration_s) % 60:02d}"

    @display(description="Sound")
    def sound(self, track: Track) -> str:
        return f"{track.sample_rate:,} Hz, {track.channels} channel{'' if track.channels == 1 else 's'}"

    @display(description="Clips", ordering="n_clips")
    def clip_count(self, track: Track) -> SafeString:
        url = f"{reverse('admin:corpus_clip_changelist')}?{urlencode({'track__id__exact': track.pk})}"
        return format_html('<a href="{}">{}</a>', url, track.n_clips)  # type: ignore[attr-defined]

    @display(description="Clips")
    def clips_heard(self, track: Track) -> SafeString:
        clips = [(clip, waveform(clip.peaks)) for clip in track.clips.order_by("index")]
        return render_to_string("admin/corpus/clips.html", {"clips": clips})


@admin.register(Clip)
class ClipAdmin(CorpusAdmin):
    list_display = ("of_track", "part", "drawn", "player", "silent", "synthetic")
    list_display_links = None
    list_filter = ("is_silent", "track__is_synthetic", "track__genre")
    list_select_related = ("track",)
    list_per_page = 25
    search_fields = ("track__title", "track__artist", "key")
    ordering = ("track_id", "index")

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
        start = clip.start_frame // clip.track.sample_rate
        return f"{clip.index + 1}, from {start // 60}:{start % 60:02d}"

    @display(description="Waveform")
    def drawn(self, clip: Clip) -> SafeString:
        return waveform(clip.peaks)

    @display(description="Listen")
    def player(self, clip: Clip) -> SafeString:
        label = f"{clip.track}, part {clip.index + 1}"
        return format_html(
            '<audio class="corpus-player" controls preload="none" src="{}" aria-label="{}"></audio>',
            clip.audio.url,
            label,
        )

    @display(description="Sound", ordering="is_silent", label={"Silent": "warning"})
    def silent(self, clip: Clip) -> str | None:
        return "Silent" if clip.is_silent else None

    @display(description="Kind", ordering="track__is_synthetic", label=SYNTHETIC)
    def synthetic(self, item: Any) -> str | None:
        return "Synthetic" if item.track.is_synthetic else None
