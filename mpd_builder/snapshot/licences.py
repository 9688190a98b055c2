"""The one rule of rights: whose media may be passed on. What the papers say about it is in `papers.licences`."""

from __future__ import annotations


def may_pass_on(*, licence: str, may_publish: bool) -> bool:
    """Whether an item's media may be published: only with a stated licence, and where nobody has ruled it out.

    An item of which that is not so is restricted: its metadata and its SHA-256 are in a snapshot, its media are not.
    """
    return may_publish and bool(licence.strip())
