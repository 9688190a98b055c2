"""The leakage certificate against an independent count, and against those who try to pass it by."""

import json
import shutil
import time
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from mpd_builder import snapshot
from mpd_builder.build import build, build_snapshot
from mpd_builder.sides import Regime
from mpd_builder.snapshot import Damage, MediaChoice, RaterIds, Recipe, SnapshotDamaged, leakage, tables, verify
from mpd_builder.splits import Links, Shares, Splits
from tests.mpd_builder.resealed import as_version, certify_again, change_rows, reseal
from tests.mpd_builder.small_judgments import small_judgments
from tests.mpd_builder.small_snapshot import write_small

RECIPE = Recipe("half", shares=(0.5, 0.2, 0.3), media=MediaChoice.NONE, arrays=False)
SIDES = ("train", "validation", "test")


def judgments():
    """Two paintings are alike, two were taken for the same, two tracks are alike."""
    found = small_judgments()
    paintings, tracks = ([item.id for item in items] for items in (found.paintings, found.tracks))
    return replace(
        found,
        same_works=((paintings[0], paintings[1]),),
        alike=((paintings[2], paintings[3]), (tracks[0], tracks[1])),
        kept_together=((paintings[4], paintings[5]),),
    )


def write(out_dir, recipe=RECIPE):
    return build_snapshot(judgments(), recipe, media=None, out_dir=out_dir, created_on=None, code_version="0.1.0")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "s"
    write(folder)
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "s", copy_function=shutil.copyfile)
    return tmp_path / "s"


def told(folder):
    return json.loads((folder / leakage.NAME).read_bytes())


# What it says


@pytest.mark.parametrize("regime", Regime)
@pytest.mark.parametrize("rater_ids", RaterIds)
def test_the_certificate_is_what_counting_by_hand_gives(regime, rater_ids):
    built = build(judgments(), replace(RECIPE, rater_ids=rater_ids))
    found = leakage.certify(tables_of(built), split=Regime.UNSEEN_BOTH).regimes[regime]
    pairs = [row for table in built.pairs.values() for row in table.to_pylist()]
    painting = {row["painting_id"]: row for row in built.paintings.to_pylist()}
    clip = {row["clip_id"]: row for row in built.clips.to_pylist()}
    raters: dict[str, set[str]] = {}
    for row in built.ratings.to_pylist():
        raters.setdefault(row["pair_id"], set()).add(row["rater_id"])
    side = {row["pair_id"]: side_by_hand(row, regime) for row in pairs}
    things = {
        "pairs": lambda row: {row["pair_id"]},
        "combinations": lambda row: {(painting[row["painting_id"]]["work"], clip[row["clip_id"]]["work"])},
        "paintings": lambda row: {row["painting_id"]},
        "painting_works": lambda row: {painting[row["painting_id"]]["work"]},
        "painting_files": lambda row: {painting[row["painting_id"]]["sha256"]},
        "tracks": lambda row: {row["track_id"]},
        "clips": lambda row: {row["clip_id"]},
        "track_works": lambda row: {clip[row["clip_id"]]["work"]},
        "track_files": lambda row: {clip[row["clip_id"]]["track_sha256"]},
        "raters": lambda row: raters[row["pair_id"]],
    }
    on = {
        kind: {name: set().union(*(of(row) for row in pairs if side[row["pair_id"]] == name)) for name in SIDES}
        for kind, of in things.items()
    }
    assert found.pairs == {name: sum(each == name for each in side.values()) for name in (*SIDES, "cross")}
    for one, other in combinations(SIDES, 2):
        shared = found.shared[f"{one}-{other}"]
        for kind, occurs in on.items():
            expected = len(occurs[one] & occurs[other])
            if kind == "raters" and rater_ids is RaterIds.ABSENT:
                expected = None
            assert getattr(shared, kind) == expected, (kind, one, other)
    for name in ("validation", "test"):
        here = [row for row in pairs if side[row["pair_id"]] == name]
        known = [
            tuple(things[kind](row) <= on[kind]["train"] for kind in ("painting_works", "track_works")) for row in here
        ]
        assert found.seen_in_train[name] == leakage.Seen(
            pairs=len(here),
            painting=sum(painting for painting, _ in known),
            track=sum(track for _, track in known),
            both=sum(all(each) for each in known),
        )
    by_id = {row["pair_id"]: row for row in pairs}
    tasks = [[by_id[row["pair_a"]], by_id[row["pair_b"]]] for row in built.preferences.to_pylist()]
    assert tasks
    for name in SIDES:
        those = [two for two in tasks if {side[row["pair_id"]] for row in two} == {name}]
        elsewhere = {kind: set().union(*(on[kind][other] for other in SIDES if other != name)) for kind in on}
        touching = [
            two
            for two in those
            if any(things[kind](row) & elsewhere[kind] for row in two for kind in ("painting_works", "track_works"))
        ]
        assert found.tasks[name] == leakage.Tasks(len(those), len(touching))
    assert found.cross_tasks == len(tasks) - sum(each.tasks for each in found.tasks.values())


def tables_of(built):
    pairs = {f"pairs-{split}": table for split, table in built.pairs.items()}
    return pairs | {name: getattr(built, name) for name in ("ratings", "preferences", "paintings", "clips")}


def side_by_hand(row, regime):
    one, other = row["split_painting"], row["split_track"]
    return {
        Regime.PAIR: row["split_pair"],
        Regime.UNSEEN_PAINTING: one,
        Regime.UNSEEN_TRACK: other,
        Regime.UNSEEN_BOTH: one if one == other else "cross",
    }[regime]


@pytest.mark.parametrize("regime", Regime)
def test_nothing_that_a_regime_keeps_apart_is_shared_whatever_the_snapshots_own(tmp_path, regime):
    write(tmp_path / "s", replace(RECIPE, split=regime))
    assert verify(tmp_path / "s").ok
    certificate = told(tmp_path / "s")
    assert certificate["split"] == regime.value
    assert certificate["leaks"] == []
    assert set(certificate["disagreements"].values()) == {0}
    for name, found in certificate["regimes"].items():
        for shared in found["shared"].values():
            assert {shared[kind] for kind in found["keeps_apart"]} == {0}, name
    assert certificate["regimes"]["pair"]["shared"]["train-test"]["paintings"] > 0, "as the regime pair allows"
    assert certificate["regimes"]["unseen-both"]["tasks"]["test"]["touching"] == 0


def test_shares_are_of_the_pairs_and_none_without_any(whole):
    seen = told(whole)["regimes"]["pair"]["seen_in_train"]["test"]
    assert seen["both_share"] == round(seen["both"] / seen["pairs"], 6)
    assert seen["both"] <= min(seen["painting"], seen["track"]) <= seen["pairs"]
    assert leakage.Seen(0, 0, 0, 0).shares is None


# What it finds


def words_of(folder):
    return [problem.words for problem in verify(folder).problems if problem.path == leakage.NAME]


def test_a_certificate_that_was_touched_up_is_reported_by_name(copy):
    certificate = told(copy)
    certificate["regimes"]["pair"]["shared"]["train-test"]["paintings"] = 0
    (copy / leakage.NAME).write_text(json.dumps(certificate))
    reseal(copy)
    [problem] = verify(copy).problems
    assert (problem.path, problem.damage) == ("leakage.json", Damage.CONTRADICTION)
    assert problem.words == "leakage.json is not what the tables say"
    with pytest.raises(SnapshotDamaged, match=r"leakage.json is not what the tables say"):
        snapshot.read(copy)


def test_a_certificate_of_another_layout_is_not_taken_for_the_same(copy):
    (copy / leakage.NAME).write_text(json.dumps(told(copy)))
    reseal(copy)
    assert words_of(copy) == ["leakage.json is not what the tables say"]


def test_a_certificate_that_was_taken_out_is_missed(copy):
    (copy / leakage.NAME).unlink()
    reseal(copy)
    assert words_of(copy) == ["leakage.json or a table that it rests on is missing"]


@pytest.mark.parametrize("is_certified_again", [True, False])
def test_a_pair_moved_from_test_to_train_by_its_column_is_found(copy, is_certified_again):
    moved = {"split": "train", "split_painting": "train", "split_track": "train"}
    change_rows(copy, "pairs-test", lambda row: row | moved)
    if is_certified_again:
        certify_again(copy)
    reseal(copy)
    words = words_of(copy)
    n_pairs = told(copy)["regimes"]["unseen-both"]["pairs"]["train"]
    assert n_pairs > 0
    assert any("contradict each other about the sides of" in each for each in words)
    assert ("leakage.json is not what the tables say" in words) != is_certified_again


def test_one_column_alone_is_enough(copy):
    change_rows(copy, "pairs-validation", lambda row: row | {"split": "train"})
    certify_again(copy)
    reseal(copy)
    n = tables.pq.read_table(copy / tables.table_path("pairs-validation")).num_rows
    assert words_of(copy) == [f"leakage.json: the tables contradict each other about the sides of {n} pairs"]


def test_a_task_on_a_side_that_is_not_its_pairs_is_found(copy):
    change_rows(copy, "preferences", lambda row: row | {"split": "train"})
    certify_again(copy)
    reseal(copy)
    assert len(words_of(copy)) == 1
    assert "tasks" in words_of(copy)[0]


def two_sides(folder):
    """A painting of train and one of test, both in pairs of their own side under unseen-both."""
    found = snapshot.read(folder)
    homes = {side: found.pairs.query("split == @side")["painting_id"].iloc[0] for side in ("train", "test")}
    return homes["train"], homes["test"]


@pytest.mark.parametrize(("column", "kind"), [("sha256", "painting files"), ("work", "painting works")])
def test_a_painting_under_two_ids_on_two_sides_is_found_though_certified(copy, column, kind):
    one, other = two_sides(copy)
    value = next(
        row[column]
        for row in tables.pq.read_table(copy / tables.table_path("paintings")).to_pylist()
        if row["painting_id"] == one
    )
    change_rows(copy, "paintings", lambda row: row | {column: value} if row["painting_id"] == other else row)
    certify_again(copy)
    reseal(copy)
    assert f"leakage.json: under unseen-both, train and test share 1 {kind}" in words_of(copy)
    assert f"leakage.json: under unseen-painting, train and test share 1 {kind}" in words_of(copy)


def test_a_leak_is_never_sealed(tmp_path):
    built = build(judgments(), RECIPE)
    same = pa.array(["0" * 64] * built.paintings.num_rows)
    place = built.paintings.schema.get_field_index("sha256")
    leaking = replace(built, paintings=built.paintings.set_column(place, built.paintings.schema.field(place), same))
    with pytest.raises(leakage.SplitsLeak, match="train and test share 1 painting files"):
        snapshot.write(
            leaking, media=None, recipe=RECIPE, out_dir=tmp_path / "s", created_on=None, code_version="0.1.0"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("pairs-test", {"split_pair": None}, "the column split_pair has rows without a value"),
        ("pairs-test", {"split_pair": "later"}, "names a split that there is not"),
        ("pairs-test", {"painting_id": "p_none"}, "the column painting_id names what is not among the paintings"),
        ("ratings", {"pair_id": "none"}, "the column pair_id names what is not among the pairs"),
        ("preferences", {"pair_a": "none"}, "the column pair_a names what is not among the pairs"),
    ],
)
def test_tables_that_make_no_sense_are_named(copy, table, change, words):
    change_rows(copy, table, lambda row: row | change)
    reseal(copy)
    [found] = words_of(copy)
    assert found.startswith("leakage.json cannot be worked out from the tables: ")
    assert words in found


def test_a_table_that_is_damaged_is_reported_once_and_not_interpreted(copy):
    (copy / tables.table_path("ratings")).write_bytes(b"not Parquet")
    assert [problem.path for problem in verify(copy).problems] == [tables.table_path("ratings")]
    reseal(copy)
    assert words_of(copy)[0].startswith("leakage.json cannot be worked out from the tables: data/ratings.parquet")


@pytest.mark.parametrize("version", [1, 2])
def test_snapshots_from_before_the_certificate_need_none(copy, version):
    as_version(copy, version)
    assert verify(copy).ok
    assert len(snapshot.read(copy).pairs) == 60


def test_the_public_form_has_the_same_certificate(tmp_path):
    write_small(tmp_path / "s")
    snapshot.publish(tmp_path / "s", out_dir=tmp_path / "p")
    assert verify(tmp_path / "p").ok
    assert told(tmp_path / "p") == told(tmp_path / "s")


# How long it takes


def test_50000_pairs_take_well_under_a_second(tmp_path):
    n_pairs, n_paintings, n_clips = 50_000, 11_085, 6_127
    draw = np.random.default_rng(7)
    paintings = [f"p_{number:016x}" for number in range(n_paintings)]
    tracks = [f"t_{number // 3:016x}" for number in range(n_clips)]
    clips = [f"c_{number // 3:016x}_{number % 3:02d}" for number in range(n_clips)]
    splits = Splits(shares=Shares(0.7, 0.15, 0.15), salt="mpd-1", links=Links())
    cells = np.unique(draw.integers(n_paintings * n_clips, size=n_pairs))
    rows = [(paintings[cell // n_clips], tracks[cell % n_clips], clips[cell % n_clips]) for cell in cells.tolist()]
    sides = [splits.of_pair(painting, track) for painting, track, _ in rows]
    columns = {
        "pair_id": [f"{painting}.{clip}" for painting, _, clip in rows],
        "painting_id": [row[0] for row in rows],
        "clip_id": [row[2] for row in rows],
        "track_id": [row[1] for row in rows],
        "split": [side.under(Regime.UNSEEN_BOTH).value for side in sides],
        "split_painting": [side.painting.value for side in sides],
        "split_track": [side.track.value for side in sides],
        "split_pair": [side.pair.value for side in sides],
    }
    pairs = pa.table(columns)
    raters = [f"R{number:02d}" for number in range(35)]
    made = {f"pairs-{split}": pairs.filter(pa.compute.equal(pairs["split"], split)) for split in (*SIDES, "cross")} | {
        "preferences": pa.table(
            {"pair_a": columns["pair_id"][:4000], "pair_b": columns["pair_id"][4000:8000], "split": ["cross"] * 4000}
        ),
        "ratings": pa.table(
            {
                "pair_id": np.repeat(columns["pair_id"], 5),
                "rater_id": [raters[number] for number in draw.integers(35, size=5 * len(rows)).tolist()],
            }
        ),
        "paintings": pa.table(
            {
                "painting_id": paintings,
                "sha256": [f"{number:064x}" for number in range(n_paintings)],
                "work": paintings,
                "split": [splits.of_item(item).value for item in paintings],
            }
        ),
        "clips": pa.table(
            {
                "clip_id": clips,
                "track_id": tracks,
                "track_sha256": [f"{number // 3:064x}" for number in range(n_clips)],
                "work": tracks,
                "split": [splits.of_item(item).value for item in tracks],
            }
        ),
    }
    started = time.perf_counter()
    certificate = leakage.certify(made, split=Regime.UNSEEN_BOTH)
    seconds = time.perf_counter() - started
    assert certificate.disagreements.pairs == 0
    assert not any("share" in leak for leak in certificate.leaks)
    assert seconds < 1.0
