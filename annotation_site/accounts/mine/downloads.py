"""What a rater takes away as a file."""

from __future__ import annotations

from datetime import datetime

from django.http import FileResponse
from django.utils.cache import add_never_cache_headers

from annotation_site.accounts.mine.data import own_data
from annotation_site.accounts.models import Rater


def data_response(*, rater: Rater, now: datetime) -> FileResponse:
    """The rater's zip, as a file to save."""
    name = f"atelier-{rater.code}-{now:%Y-%m-%d}.zip"
    response = FileResponse(own_data(rater=rater, now=now), as_attachment=True, filename=name)
    add_never_cache_headers(response)
    return response
