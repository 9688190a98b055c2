"""Which part of a file a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(ValueError):
    """The range that was asked for lies outside the file: answer 416."""


def asked_range(headers: Mapping[str, str], *, size: int, etag: str) -> tuple[int, int] | None:
    """The bytes [start, stop) that the headers ask for; None for the whole file. Raises `Unsatisfiable`.

    Several ranges at once, malformed ones, and those of another version (`If-Range`) get the whole file.
    """
    found = _RANGE.fullmatch(headers.get("Range", "").strip())
    if found is None or found.groups() == ("", "") or headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if start >= stop:
        raise Unsatisfiable
    return start, stop
