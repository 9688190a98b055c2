import hashlib
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.records import Clip, Pair, pair_id
from mpd_builder.sides import is_towards_train, most_held_out, own_side
from mpd_builder.splits import (
    SIDES,
    Links,
    PairSplit,
    Regime,
    Shares,
    Split,
    Splits,
    side_of_task,
    split_pairs,
    works,
    works_among,
)

SHARES = Shares(0.7, 0.1, 0.2)
GOLDEN = "a53c3983e9f04a2555fef4b924d8c6330a9c5bab9a6fd1752c4bbf7b7697061e"
"""SHA-256 of the sides of all items and combinations below, under the salt of the recipe `default`."""
EVEN = Shares(0.4, 0.3, 0.3)
PAINTINGS = [f"p_{number:02d}" for number in range(12)]
TRACKS = [f"t_{number:02d}" for number in range(8)]
NAMES = st.text(min_size=1, max_size=4)


def two_of(items):
    return st.tuples(st.sampled_from(items), st.sampled_from(items))


LINK = st.one_of(two_of(PAINTINGS), two_of(TRACKS))
LINKS = st.builds(Links, *(st.lists(LINK, max_size=size).map(tuple) for size in (8, 8, 4)))


def clip(track, index):
    return Clip(f"c_{track}_{index:02d}", f"t_{track}", index, 0, 240_000, 16_000)


def grid(n_paintings, n_tracks, clips_a_track=2):
    clips = [clip(track, index) for track in range(n_tracks) for index in range(clips_a_track)]
    pairs = [Pair(pair_id(f"p_{p}", one.id), f"p_{p}", one.id) for p in range(n_paintings) for one in clips]
    return pairs, clips


def everything(splits):
    """The sides of all items, and of all combinations of them."""
    found = {item: splits.of_item(item) for item in PAINTINGS + TRACKS}
    return found | {(p, t): splits.of_pair(p, t) for p in PAINTINGS for t in TRACKS}


def mirrored(links, order):
    """The same links in another order, and each the other way round."""
    shuffled = [list(each) for each in (links.same, links.alike, links.kept)]
    for each in shuffled:
        order.shuffle(each)
    return Links(*(tuple((second, first) for first, second in each) for each in shuffled))


# What the sides depend on


@given(LINKS, NAMES, st.randoms(use_true_random=False))
def test_neither_the_order_of_links_nor_that_of_questions_matters(links, salt, order):
    expected = everything(Splits(shares=EVEN, salt=salt, links=links))
    other = Splits(shares=EVEN, salt=salt, links=mirrored(links, order))
    asked = list(expected)
    order.shuffle(asked)
    assert {key: other.of_pair(*key) if isinstance(key, tuple) else other.of_item(key) for key in asked} == expected


def test_every_machine_deals_the_same():
    """The digest was taken once, on x86-64; the sides rest on SHA-256 and on exact doubles alone."""
    splits = Splits(shares=Shares(0.7, 0.15, 0.15), salt="mpd-1", links=Links(alike=(("p_03", "p_07"),)))
    sides = everything(splits).items()
    text = "\n".join(" ".join((*((key,) if isinstance(key, str) else key), *flat(side))) for key, side in sides)
    assert hashlib.sha256(text.encode()).hexdigest() == GOLDEN


@given(LINKS, NAMES)
def test_an_item_without_a_link_goes_where_its_own_hash_says(links, salt):
    splits = Splits(shares=EVEN, salt=salt, links=links)
    linked = {item for link in links.of_sides for item in link}
    for item in set(PAINTINGS + TRACKS) - linked:
        assert splits.of_item(item) == own_side(item, shares=EVEN, salt=salt)
    for painting in set(PAINTINGS) - linked:
        for track in set(TRACKS) - linked:
            assert splits.of_pair(painting, track).pair == own_side(f"{painting}.{track}", shares=EVEN, salt=salt)


def test_another_salt_deals_anew():
    assert everything(Splits(shares=EVEN, salt="s")) != everything(Splits(shares=EVEN, salt="t"))


def test_links_to_items_that_no_pair_has_hold_their_ends_together():
    links = Links(same=tuple((f"p_{number}", "p_absent") for number in range(40)))
    splits = Splits(shares=EVEN, salt="s", links=links)
    assert len({splits.of_item(f"p_{number}") for number in range(40)}) == 1


# The regimes


@given(LINKS, NAMES, st.sampled_from(Regime))
def test_no_regime_shares_what_it_keeps_apart_and_near_duplicates_are_never_parted(links, salt, regime):
    splits = Splits(shares=EVEN, salt=salt, links=links)
    homes = defaultdict(set)
    for painting in PAINTINGS:
        for track in TRACKS:
            side = splits.of_pair(painting, track).under(regime)
            if side is Split.CROSS:
                continue
            works_of_pair = splits.work(painting), splits.work(track)
            if regime is Regime.PAIR:
                homes[works_of_pair].add(side)
            if regime in (Regime.UNSEEN_PAINTING, Regime.UNSEEN_BOTH):
                homes[works_of_pair[0]].add(side)
            if regime in (Regime.UNSEEN_TRACK, Regime.UNSEEN_BOTH):
                homes[works_of_pair[1]].add(side)
    assert all(len(sides) == 1 for sides in homes.values())


@given(LINKS, NAMES)
def test_only_unseen_both_leaves_pairs_between(links, salt):
    splits = Splits(shares=EVEN, salt=salt, links=links)
    for painting in PAINTINGS:
        for track in TRACKS:
            pair = splits.of_pair(painting, track)
            assert pair.painting == splits.of_item(painting)
            assert pair.track == splits.of_item(track)
            assert {pair.under(regime) for regime in Regime if regime is not Regime.UNSEEN_BOTH} <= set(SIDES)
            agree = pair.painting == pair.track
            assert pair.under(Regime.UNSEEN_BOTH) == (pair.painting if agree else Split.CROSS)


def test_the_regime_pair_does_not_ask_about_the_items():
    """Of a painting in `test` and a track in `train`, the combination is dealt like any other."""
    splits = Splits(shares=EVEN, salt="s")
    dealt = defaultdict(Counter)
    for p in range(60):
        for t in range(60):
            pair = splits.of_pair(f"p_{p}", f"t_{t}")
            dealt[pair.painting, pair.track][pair.pair] += 1
    assert len(dealt) == 9
    for counts in dealt.values():
        n = counts.total()
        assert abs(counts[Split.TRAIN] - 0.4 * n) < 5 * (0.24 * n) ** 0.5


def test_the_clips_of_a_track_go_together_under_every_regime():
    pairs, clips = grid(6, 20, clips_a_track=4)
    track_of = {one.id: one.track_id for one in clips}
    splits = split_pairs(pairs, clips, Splits(shares=SHARES, salt="s"))
    assert len({(pair.painting_id, track_of[pair.clip_id], splits[pair.id]) for pair in pairs}) == 6 * 20


def test_the_pairs_at_hand_do_not_matter_to_a_pair():
    pairs, clips = grid(10, 10)
    whole = split_pairs(pairs, clips, Splits(shares=SHARES, salt="s"))
    part = split_pairs(pairs[::-3], clips[::-1], Splits(shares=SHARES, salt="s"))
    assert {key: whole[key] for key in part} == part


def test_a_pair_without_its_clip_is_an_error():
    pairs, clips = grid(1, 1)
    with pytest.raises(ValueError, match="needs the clip c_0_01, which is not among the clips"):
        split_pairs(pairs, clips[:1], Splits(shares=SHARES, salt="s"))


@pytest.mark.parametrize("first", Split)
@pytest.mark.parametrize("second", Split)
def test_a_task_follows_its_pairs_or_belongs_nowhere(first, second):
    assert side_of_task(first, second) == (first if first == second else Split.CROSS)


# Shares


@pytest.mark.parametrize("shares", [SHARES, Shares(0.8, 0.1, 0.1), Shares(1.0, 0.0, 0.0), Shares(0.5, 0.5, 0.0)])
@pytest.mark.parametrize("regime", [Regime.PAIR, Regime.UNSEEN_PAINTING, Regime.UNSEEN_TRACK])
def test_the_shares_come_out(shares, regime):
    n = 10_000
    splits = Splits(shares=shares, salt="s")
    counts = Counter(splits.of_pair(f"p_{number}", f"t_{number}").under(regime) for number in range(n))
    for split, share in zip(SIDES, (shares.train, shares.validation, shares.test), strict=True):
        assert abs(counts[split] - n * share) <= 5 * (n * share * (1 - share)) ** 0.5


def test_under_unseen_both_the_shares_of_the_pairs_are_squares():
    n = 10_000
    splits = Splits(shares=EVEN, salt="s")
    counts = Counter(splits.of_pair(f"p_{number}", f"t_{number}").under(Regime.UNSEEN_BOTH) for number in range(n))
    for split, share in zip((*SIDES, Split.CROSS), (0.16, 0.09, 0.09, 0.66), strict=True):
        assert abs(counts[split] - n * share) <= 5 * (n * share * (1 - share)) ** 0.5


def test_a_share_of_zero_stays_empty_whatever_the_fractions_round_to():
    for train in (0.1, 0.3, 0.7, 0.9):
        shares = Shares(train, 1 - train, 0.0)
        assert all(own_side(str(number), shares=shares, salt="s") != Split.TEST for number in range(3000))


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (0.0, 0.0, 0.0), (float("nan"), 0.5, 0.5)])
def test_shares_that_are_none_are_an_error(shares):
    with pytest.raises(ValueError, match="share"):
        Shares(*shares)


# Growth

STEPS = st.lists(st.tuples(st.sampled_from(["same", "alike", "kept"]), LINK), max_size=16)


@given(STEPS, NAMES)
def test_whatever_is_added_nothing_moves_towards_train(steps, salt):
    """Items and pairs that are new change nothing (the sides are asked of the ids); links only hold more out."""
    links = Links()
    before = everything(Splits(shares=EVEN, salt=salt, links=links))
    for name, link in steps:
        links = Links(**{each: getattr(links, each) + (link,) * (each == name) for each in ("same", "alike", "kept")})
        after = everything(Splits(shares=EVEN, salt=salt, links=links))
        for key, was in before.items():
            assert all(not is_towards_train(old, new) for old, new in zip(flat(was), flat(after[key]), strict=True))
        before = after


@given(STEPS, st.randoms(use_true_random=False), NAMES)
def test_what_is_kept_together_stays_where_it_was_when_it_is_found_to_be_different(steps, order, salt):
    """A report that a snapshot has seen and that is then decided as different goes from `alike` or `same` to `kept`."""
    links = {"same": [], "alike": [], "kept": []}
    for name, link in steps:
        links[name].append(link)
    sides = everything(Splits(shares=EVEN, salt=salt, links=Links(**{key: tuple(each) for key, each in links.items()})))
    for name in ("same", "alike"):
        order.shuffle(links[name])
        links["kept"] += [links[name].pop() for _ in range(len(links[name]) // 2)]
    parted = Splits(shares=EVEN, salt=salt, links=Links(**{key: tuple(each) for key, each in links.items()}))
    assert everything(parted) == sides


def flat(sides):
    return (sides.painting, sides.track, sides.pair) if isinstance(sides, PairSplit) else (sides,)


def test_two_that_are_found_to_be_different_before_any_snapshot_go_their_own_ways():
    sides = {item: own_side(item, shares=EVEN, salt="s") for item in PAINTINGS}
    held, learned = (next(item for item in PAINTINGS if sides[item] == side) for side in (Split.TEST, Split.TRAIN))
    together = Splits(shares=EVEN, salt="s", links=Links(alike=((held, learned),)))
    assert together.of_item(learned) == Split.TEST
    assert together.work(learned) == together.work(held) == min(held, learned)
    parted = Splits(shares=EVEN, salt="s", links=Links())
    assert (parted.of_item(learned), parted.work(learned)) == (Split.TRAIN, learned)
    kept = Splits(shares=EVEN, salt="s", links=Links(kept=((held, learned),)))
    assert (kept.of_item(learned), kept.work(learned)) == (Split.TEST, learned)


@given(LINKS, NAMES)
def test_a_group_takes_the_most_held_out_of_its_own_sides(links, salt):
    splits = Splits(shares=EVEN, salt=salt, links=links)
    for item in PAINTINGS + TRACKS:
        together = connected(links.of_sides, item)
        assert splits.of_item(item) == most_held_out(own_side(each, shares=EVEN, salt=salt) for each in together)


def test_unlike_the_smallest_id_the_most_held_out_side_never_gives_way():
    """As it was until format version 2, a group went where its smallest id goes: here from test back to train."""
    sides = {item: own_side(item, shares=EVEN, salt="s") for item in PAINTINGS}
    smaller, tested = next(
        (a, b) for a in PAINTINGS for b in PAINTINGS if a < b and (sides[a], sides[b]) == (Split.TRAIN, Split.TEST)
    )
    assert Splits(shares=EVEN, salt="s", links=Links(same=((smaller, tested),))).of_item(tested) == Split.TEST


# Works

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


def test_works_among_lists_what_is_there_more_than_once():
    verdicts = [("p_3", "p_1"), ("p_1", "p_2"), ("p_5", "p_6"), ("p_8", "p_9")]
    assert works_among(["p_9", "p_2", "p_3", "p_5", "p_7"], verdicts) == [["p_2", "p_3"]]
    assert works_among(["p_1"], []) == []
