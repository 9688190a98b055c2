"""How many places an undecided task needs: plain arithmetic of its votes."""

from __future__ import annotations


def extra_places(votes_a: int, votes_b: int, places: int, limit: int, *, votes_needed: int) -> int:
    """How many places to add to a task so that further votes could decide it; 0 where none is needed or allowed.

    A strict majority of at least `votes_needed` decides. A tie of enough votes takes one more, which cannot tie again;
    a shortfall takes what is missing to `votes_needed`. Places that are still open are counted in. More than `limit`
    in all are never given, nor fewer than needed: they would decide nothing. With an even `votes_needed` what was
    missing may come in as a tie; then the next call asks for one more.
    """
    votes = votes_a + votes_b
    further = max(votes_needed - votes, int(votes_a == votes_b))
    extra = max(0, further - (places - votes))
    return extra if places + extra <= limit else 0
