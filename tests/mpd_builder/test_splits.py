from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.records import Clip, Pair, pair_id
from mpd_builder.splits import PairSplit, Shares, Split, assign, split_pairs, works, works_among

SHARES = Shares(0.7, 0.1, 0.2)
NAMES = st.text(min_size=1, max_size=4)


def clip(track, index):
    return Clip(f"c_{track}_{index:02d}", f"t_{track}", index, 0, 240_000, 16_000)


def grid(n_paintings, n_tracks, clips_a_track=2):
    clips = [clip(track, index) for track in range(n_tracks) for index in range(clips_a_track)]
    pairs = [Pair(pair_id(f"p_{p}", one.id), f"p_{p}", one.id) for p in range(n_paintings) for one in clips]
    return pairs, clips


@given(st.dictionaries(NAMES, NAMES), NAMES)
def test_a_group_is_never_torn_apart(groups, salt):
    split_of = assign(groups, shares=SHARES, salt=salt)
    assert split_of.keys() == groups.keys()
    assert len({(group, split_of[item]) for item, group in groups.items()}) == len(set(groups.values()))


@given(st.dictionaries(NAMES, NAMES), st.dictionaries(NAMES, NAMES))
def test_what_is_added_moves_nothing(groups, more):
    before = assign(groups, shares=SHARES, salt="s")
    after = assign({**more, **groups}, shares=SHARES, salt="s")
    assert {item: after[item] for item in groups} == before


@pytest.mark.parametrize("shares", [SHARES, Shares(0.8, 0.1, 0.1), Shares(1.0, 0.0, 0.0), Shares(0.5, 0.5, 0.0)])
def test_the_shares_come_out(shares):
    n = 20_000
    counts = Counter(assign({str(i): str(i) for i in range(n)}, shares=shares, salt="s").values())
    for split, share in zip(
        (Split.TRAIN, Split.VALIDATION, Split.TEST), (shares.train, shares.validation, shares.test), strict=True
    ):
        assert abs(counts[split] - n * share) <= 5 * (n * share * (1 - share)) ** 0.5


def test_a_share_of_zero_stays_empty_whatever_the_fractions_round_to():
    for train in (0.1, 0.3, 0.7, 0.9):
        split_of = assign({str(i): str(i) for i in range(3000)}, shares=Shares(train, 1 - train, 0.0), salt="s")
        assert Split.TEST not in split_of.values()


def test_another_salt_deals_anew():
    groups = {str(i): str(i) for i in range(200)}
    assert assign(groups, shares=SHARES, salt="s") != assign(groups, shares=SHARES, salt="t")


def test_no_split_shares_a_painting_or_a_track_with_another():
    pairs, clips = grid(30, 20)
    track_of = {one.id: one.track_id for one in clips}
    splits = split_pairs(pairs, clips, shares=Shares(0.5, 0.25, 0.25), salt="s")
    homes: dict[str, set[Split]] = {}
    for pair in pairs:
        if splits[pair.id].split != Split.CROSS:
            homes.setdefault(pair.painting_id, set()).add(splits[pair.id].split)
            homes.setdefault(track_of[pair.clip_id], set()).add(splits[pair.id].split)
    assert len(homes) == 50
    assert all(len(splits_of_item) == 1 for splits_of_item in homes.values())


def test_a_pair_is_cross_exactly_where_its_painting_and_track_fall_apart():
    pairs, clips = grid(30, 20)
    splits = split_pairs(pairs, clips, shares=Shares(0.5, 0.25, 0.25), salt="s")
    assert {one.split for one in splits.values()} == set(Split)
    for one in splits.values():
        agree = one.painting_split == one.track_split
        assert one == PairSplit(one.painting_split if agree else Split.CROSS, one.painting_split, one.track_split)


def test_the_clips_of_a_track_go_together():
    pairs, clips = grid(1, 50, clips_a_track=4)
    track_of = {one.id: one.track_id for one in clips}
    splits = split_pairs(pairs, clips, shares=SHARES, salt="s")
    assert len({(track_of[pair.clip_id], splits[pair.id].track_split) for pair in pairs}) == 50


def test_the_pairs_at_hand_do_not_matter_to_a_pair():
    pairs, clips = grid(10, 10)
    whole = split_pairs(pairs, clips, shares=SHARES, salt="s")
    part = split_pairs(pairs[::-3], clips[::-1], shares=SHARES, salt="s")
    assert {key: whole[key] for key in part} == part


def test_a_pair_without_its_clip_is_an_error():
    pairs, clips = grid(1, 1)
    with pytest.raises(ValueError, match="needs the clip c_0_01, which is not among the clips"):
        split_pairs(pairs, clips[:1], shares=SHARES, salt="s")


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (0.0, 0.0, 0.0), (float("nan"), 0.5, 0.5)])
def test_shares_that_are_none_are_an_error(shares):
    with pytest.raises(ValueError, match="share"):
        Shares(*shares)


VERDICTS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=14)


def connected(verdicts, start):
    """Whatever the verdicts lead to from an item, by walking them."""
    seen, todo = set(), [start]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += [b for a, b in verdicts if a == at] + [a for a, b in verdicts if b == at]
    return seen


@given(VERDICTS)
def test_a_work_is_named_for_the_smallest_of_all_that_hang_together(numbers):
    verdicts = [(f"p_{a:02d}", f"p_{b:02d}") for a, b in numbers]
    work_of = works(verdicts)
    assert work_of == {item: min(connected(verdicts, item)) for two in verdicts for item in two}
    assert works(verdicts[::-1]) == works((b, a) for a, b in verdicts) == work_of


@given(VERDICTS, VERDICTS, NAMES)
def test_no_split_parts_the_same_works(paintings, tracks, salt):
    pairs, clips = grid(12, 12)
    verdicts = [(f"p_{a}", f"p_{b}") for a, b in paintings] + [(f"t_{a}", f"t_{b}") for a, b in tracks]
    splits = split_pairs(pairs, clips, shares=Shares(0.4, 0.3, 0.3), salt=salt, same_works=verdicts)
    track_of = {one.id: one.track_id for one in clips}
    home = {pair.painting_id: splits[pair.id].painting_split for pair in pairs}
    home |= {track_of[pair.clip_id]: splits[pair.id].track_split for pair in pairs}
    assert all(home[first] == home[second] for first, second in verdicts)


@given(VERDICTS)
def test_verdicts_move_only_what_they_name(numbers):
    pairs, clips = grid(12, 4)
    verdicts = [(f"p_{a}", f"p_{b}") for a, b in numbers]
    before = split_pairs(pairs, clips, shares=SHARES, salt="s")
    after = split_pairs(pairs, clips, shares=SHARES, salt="s", same_works=verdicts)
    named = {item for two in verdicts for item in two}
    for pair in pairs:
        assert after[pair.id].track_split == before[pair.id].track_split
        if pair.painting_id not in named or pair.painting_id == works(verdicts)[pair.painting_id]:
            assert after[pair.id].painting_split == before[pair.id].painting_split


def test_two_that_are_the_same_as_a_third_that_no_pair_has_stay_together():
    pairs, clips = grid(40, 1)
    verdicts = [(f"p_{number}", "p_absent") for number in range(40)]
    splits = split_pairs(pairs, clips, shares=Shares(0.4, 0.3, 0.3), salt="s", same_works=verdicts)
    assert len({one.painting_split for one in splits.values()}) == 1


def test_works_among_lists_what_is_there_more_than_once():
    verdicts = [("p_3", "p_1"), ("p_1", "p_2"), ("p_5", "p_6"), ("p_8", "p_9")]
    assert works_among(["p_9", "p_2", "p_3", "p_5", "p_7"], verdicts) == [["p_2", "p_3"]]
    assert works_among(["p_1"], []) == []
