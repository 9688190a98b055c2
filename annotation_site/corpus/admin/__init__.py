"""The corpus in the admin panel: its items, the imports that bring them, and what looks or sounds alike."""

from annotation_site.corpus.admin.imports import ImportJobAdmin
from annotation_site.corpus.admin.paintings import PaintingAdmin
from annotation_site.corpus.admin.tracks import ClipAdmin, TrackAdmin

__all__ = ["ClipAdmin", "ImportJobAdmin", "PaintingAdmin", "TrackAdmin"]
