"""Lists come newest first, page by page through a cursor: new rows never shift what is still to come."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 1000
