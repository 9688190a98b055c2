"""Paintings in the admin panel: a grid or a table of them, and the page of each."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from annotation_site.corpus.admin.bulk import DescribeMixin
from annotation_site.corpus.admin.filters import KindFilter, PublishFilter, UseFilter, value_filter
from annotation_site.corpus.admin.items import CorpusAdmin
from annotation_site.corpus.admin.pages import ItemPageMixin
from annotation_site.corpus.admin.removal import RemovalMixin
from annotation_site.corpus.models import Painting


@admin.register(Painting)
class PaintingAdmin(DescribeMixin, RemovalMixin, ItemPageMixin, CorpusAdmin):
    list_display = ("thumb", "title", "artist", "year", "style", "size", "collection", "licence", "rights", "synthetic")
    list_display_links = ("thumb", "title")
    list_filter = (
        value_filter("style"),
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
    sorts = (("title", "Title"), ("artist", "Artist"), ("year", "Year"), ("style", "Style"))
    unlisted = ("extras", "source", "attribution", "original", "model_input", "display", "dhash", "sha256")
    fieldsets = (
        ("Catalogue", {"fields": (("title", "artist"), ("year", "style"), ("collection", "source"))}),
        ("Rights", {"fields": (("licence", "attribution"), "may_publish")}),
    )

    @display(description="")
    def thumb(self, painting: Painting) -> SafeString:
        return format_html('<img class="corpus-thumb" src="{}" alt="" loading="lazy">', painting.thumbnail.url)

    @display(description="Size", ordering="width")
    def size(self, painting: Painting) -> str:
        return f"{painting.width}\u00a0×\u00a0{painting.height}"
