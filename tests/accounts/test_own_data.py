"""The zip that a rater takes away: complete, theirs alone, and silent about what keeps them blind."""

from __future__ import annotations

import csv
import json
import time
import tracemalloc
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest

from annotation_site.accounts.mine.data import own_data
from annotation_site.accounts.models import Rater
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.models import Vote, VoteBar, VoteSlot
from annotation_site.preferences.services import vote_correct, vote_submit
from annotation_site.scoring.models import Campaign, Rating, RatingState, SlotBar
from annotation_site.scoring.services import rater_withdraw, rating_correct
from tests import factories
from tests.accounts.conftest import rate_all
from tests.conftest import NOON

FILES = ["README.txt", "account.json", "ratings.csv", "votes.csv", "skips.csv"]
HEARD = {"ranges": [[0.0, 14.9]], "duration_s": 15.013, "gain_db": -3.21, "plays": 2}
MINUTE = timedelta(minutes=1)
Row = dict[str, str]


def unpacked(rater: Rater, now: Any = NOON) -> dict[str, str]:
    with own_data(rater=rater, now=now) as file, ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def table(files: dict[str, str], name: str) -> list[Row]:
    return list(csv.DictReader(StringIO(files[name].removeprefix("\ufeff"), newline="")))


@pytest.fixture
def judged(campaign: Campaign, vera: Rater, boris: Rater) -> list[Rating]:
    """Vera's first marks; one came back, one was corrected; two votes and two skips; and Boris beside her."""
    ratings = rate_all(campaign, vera, [0.1, 0.2, 0.3])
    factories.make_repeat(first=ratings[0], value=0.15, now=NOON - 3 * MINUTE)
    rating_correct(rater=vera, rating_key=ratings[2].key, key=uuid4(), value=0.35, now=NOON - 2 * MINUTE)
    factories.make_rating(pair=ratings[0].pair, rater=boris, value=0.987)
    first = factories.make_pair(campaign=campaign)
    task = factories.make_task(pair_a=first, pair_b=factories.make_pair(campaign=campaign, clip=first.clip))
    for rater in (vera, boris):
        (slot,) = lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=1, now=NOON - MINUTE)
        assert slot.token is not None
        done = vote_submit(rater=rater, token=slot.token, key=uuid4(), choice="a", now=NOON)
        vote_correct(rater=rater, vote_key=done.vote.key, key=uuid4(), choice="b", now=NOON)
    Rating.objects.update(evidence={"clips": {"clip": HEARD}, "idle_ms": 4}, active_ms=30_000, played_ms=15_000)
    Vote.objects.update(evidence={"clips": {"query": HEARD}})
    SlotBar.objects.create(pair=ratings[0].pair, rater=vera, reason="other", note="=1+1, né", created_at=NOON)
    VoteBar.objects.create(task=task, rater=boris, reason="other", note="mine, says Boris", created_at=NOON)
    VoteBar.objects.create(task=task, rater=vera, reason="familiar", created_at=NOON)
    return ratings


def test_it_holds_the_account_and_every_row_with_its_state(judged: list[Rating], vera: Rater) -> None:
    files = unpacked(vera)
    assert list(files) == FILES
    account = json.loads(files["account.json"])
    assert (account["username"], account["email"]) == ("vera", "vera@example.org")
    assert account["rater"]["code"] == "R-VERA22"
    assert account["rater"]["consented_at"] == account["rater"]["briefed_at"] == "2026-01-15T12:00:00+00:00"
    ratings = table(files, "ratings.csv")
    assert [(row["value"], row["state"]) for row in ratings] == [
        ("0.1", "counted"),
        ("0.2", "counted"),
        ("0.3", "superseded"),
        ("0.15", "counted"),
        ("0.35", "counted"),
    ]
    assert ratings[4]["corrects"] == ratings[2]["id"] == str(judged[2].key)
    assert ratings[0]["given_at"] == "2026-01-12T12:00:00+00:00"
    assert {row["campaign"] for row in ratings} == {"winter"}
    assert (ratings[0]["active_ms"], ratings[0]["played_ms"]) == ("30000", "15000")


def test_votes_say_the_side_that_was_chosen(judged: list[Rating], vera: Rater) -> None:
    votes = table(unpacked(vera), "votes.csv")
    left = Vote.objects.filter(rater=vera)[0].left
    sides = ["left", "right"] if left == "a" else ["right", "left"]
    assert [(row["choice"], row["state"]) for row in votes] == list(zip(sides, ("superseded", "counted"), strict=True))
    assert votes[1]["corrects"] == votes[0]["id"]
    assert votes[0]["task"] == votes[1]["task"]


def test_skips_have_their_reasons_and_no_cell_is_a_formula(judged: list[Rating], vera: Rater) -> None:
    assert [(row["kind"], row["reason"], row["note"]) for row in table(unpacked(vera), "skips.csv")] == [
        ("pair", "Another reason", "'=1+1, né"),
        ("task", "I know this too well", ""),
    ]


def test_no_code_tells_that_a_pair_came_back(judged: list[Rating], vera: Rater) -> None:
    first, second, old, again, new = [row["pair"] for row in table(unpacked(vera), "ratings.csv")]
    assert old == new, "a correction is of the same answer"
    assert len({first, second, old, again}) == 4
    assert len({len(code) for code in (first, again)}) == 1
    columns = table(unpacked(vera), "ratings.csv")
    assert [name for name in columns[0] if columns[0][name] == columns[3][name] != columns[1][name]] == []


@pytest.mark.parametrize("leaves", [False, True])
def test_not_a_byte_of_it_tells_what_or_who_it_was(judged: list[Rating], vera: Rater, leaves: bool) -> None:
    if leaves:
        rater_withdraw(rater=vera, now=NOON)
    everything = "\n".join(unpacked(vera).values())
    pair = judged[0].pair
    items = [pair.painting, pair.clip.track]
    hidden = [text for item in items for text in (item.title, item.file_name, item.key, item.sha256)]
    hidden += [pair.key, pair.clip.key, pair.painting.display.name, pair.clip.audio.name]
    hidden += ["R-BRSS22", "boris", "0.987", "says Boris", "15.013", "-3.21", str(vera.order_seed)]
    for text in hidden:
        assert text
        assert text.lower() not in everything.lower(), text
    for word in ("repeat", "again", "slot", "second time", "came back"):
        assert word not in everything.lower(), word


def test_evidence_keeps_what_is_of_the_listener(judged: list[Rating], vera: Rater) -> None:
    files = unpacked(vera)
    told = json.loads(table(files, "ratings.csv")[0]["evidence"])
    assert told == {"clips": {"clip": {"ranges": [[0.0, 14.9]], "plays": 2}}, "idle_ms": 4}
    assert json.loads(table(files, "votes.csv")[0]["evidence"])["clips"]["query"]["plays"] == 2


@pytest.mark.parametrize("evidence", [{}, {"clips": "none"}, {"clips": {"clip": [1]}}, ["odd"]])
def test_whatever_a_browser_sent_as_evidence_is_given_back(campaign: Campaign, vera: Rater, evidence: Any) -> None:
    rate_all(campaign, vera, [0.1])
    Rating.objects.update(evidence=evidence)
    assert json.loads(table(unpacked(vera), "ratings.csv")[0]["evidence"]) == evidence


def test_withdrawn_rows_are_in_it_as_withdrawn(judged: list[Rating], vera: Rater) -> None:
    rater_withdraw(rater=vera, now=NOON)
    vera.refresh_from_db()
    files = unpacked(vera)
    assert [row["state"] for row in table(files, "ratings.csv")] == [
        *("withdrawn", "withdrawn", "superseded", "withdrawn", "withdrawn")
    ]
    assert json.loads(files["account.json"])["rater"]["state"] == "withdrawn"


def test_two_raters_of_one_pair_have_nothing_in_common(judged: list[Rating], vera: Rater, boris: Rater) -> None:
    hers, his = table(unpacked(vera), "ratings.csv"), table(unpacked(boris), "ratings.csv")
    assert len(his) == 1
    assert not {row["pair"] for row in hers} & {row["pair"] for row in his}


def test_the_readme_names_every_file_column_and_state(judged: list[Rating], vera: Rater) -> None:
    files = unpacked(vera)
    readme = files["README.txt"]
    for name in FILES[1:]:
        assert name in readme
    for column in table(files, "ratings.csv")[0]:
        assert f"\n  {column} " in readme, column
    for state in ("counted", "superseded", "surplus", "withdrawn"):
        assert state in readme
    assert "R-VERA22" in readme
    assert max(map(len, readme.splitlines())) <= 120


def test_the_same_moment_gives_the_same_bytes(judged: list[Rating], vera: Rater) -> None:
    with own_data(rater=vera, now=NOON) as one, own_data(rater=vera, now=NOON) as two:
        assert one.read() == two.read()


@pytest.mark.slow
def test_ten_thousand_ratings_cost_little_time_and_memory(campaign: Campaign, vera: Rater) -> None:
    pair = factories.make_pair(campaign=campaign)
    evidence = {"clips": {"clip": {**HEARD, "ranges": [[0.0, 4.5], [3.0, 15.0]]}}, "viewport_px": [1366, 768]}
    told = {"rater": vera, "pair": pair, "value": 0.123, "state": RatingState.SURPLUS, "evidence": evidence}
    Rating.objects.bulk_create(
        (Rating(key=uuid4(), created_at=NOON + number * MINUTE, **told) for number in range(10_000)), batch_size=500
    )
    with own_data(rater=vera, now=NOON) as file, ZipFile(file) as archive:
        ratings = archive.read("ratings.csv")
    assert ratings.count(b"\r\n") == 10_001

    def seconds() -> float:
        began = time.process_time()
        own_data(rater=vera, now=NOON).close()
        return time.process_time() - began

    assert min(seconds() for _ in range(3)) < 5.0, "about 1 s was measured, on a quiet machine"
    tracemalloc.start()
    own_data(rater=vera, now=NOON).close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000, "about 2 MB were measured, for 50,000 ratings too"
