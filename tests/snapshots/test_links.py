"""Which verdicts part what: histories of reports, verdicts and ratings, and the snapshots that they could have made."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from annotation_site.snapshots.links import Report, links_of_reports
from mpd_builder.sides import is_towards_train
from mpd_builder.splits import Links, Shares, Splits
from tests.conftest import NOON

ITEMS = [f"p_{number}" for number in range(8)]
SHARES = Shares(0.4, 0.3, 0.3)


def hours(number: int) -> datetime:
    return NOON + timedelta(hours=number)


def report(verdict: str, decided: int | None = None, first: str = "p_1", second: str = "p_2") -> Report:
    return Report(first, second, verdict, None if decided is None else hours(decided))


def test_same_and_undecided_items_are_one_work_whenever_they_were_rated():
    for rated in ({}, {"p_1": hours(0)}):
        assert links_of_reports([report("same", 5)], rated_since=rated) == Links(same=(("p_1", "p_2"),))
        assert links_of_reports([report("open")], rated_since=rated) == Links(alike=(("p_1", "p_2"),))


def test_different_items_part_unless_one_was_rated_before_the_verdict():
    apart, kept = Links(), Links(kept=(("p_1", "p_2"),))
    assert links_of_reports([report("different", 5)], rated_since={}) == apart
    assert links_of_reports([report("different", 5)], rated_since={"p_2": hours(6)}) == apart
    assert links_of_reports([report("different", 5)], rated_since={"p_2": hours(5)}) == kept
    assert links_of_reports([report("different", 5)], rated_since={"p_3": hours(1)}) == apart


def test_a_rating_of_an_item_that_hangs_together_with_them_counts_too():
    """p_3 was held to p_1 by p_2; a snapshot has shown it, so the link that held it goes on holding."""
    found = links_of_reports(
        [report("different", 5), report("open", first="p_2", second="p_3")], rated_since={"p_3": hours(1)}
    )
    assert found == Links(alike=(("p_2", "p_3"),), kept=(("p_1", "p_2"),))


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("rate"), st.sampled_from(ITEMS)),
        st.tuples(
            st.sampled_from(["open", "same", "different"]),
            st.tuples(st.sampled_from(ITEMS), st.sampled_from(ITEMS)).filter(lambda two: two[0] < two[1]),
        ),
    ),
    max_size=25,
)


@given(EVENTS, st.text(min_size=1, max_size=3))
def test_whatever_happens_no_item_of_a_snapshot_comes_nearer_to_training(events, salt):
    """After every event a snapshot is taken, of the items rated so far: the most snapshots that there can be."""
    reports: dict[tuple[str, str], Report] = {}
    rated: dict[str, datetime] = {}
    seen: dict[str, str] = {}
    for number, (what, who) in enumerate(events):
        if what == "rate":
            rated.setdefault(who, hours(number))
        else:
            reports[who] = Report(*who, what, None if what == "open" else hours(number))
        links = links_of_reports(reports.values(), rated_since=rated)
        splits = Splits(shares=SHARES, salt=salt, links=links)
        now = {item: splits.of_item(item) for item in rated}
        assert not any(is_towards_train(side, now[item]) for item, side in seen.items())
        seen = now
