"""`manage.py export_snapshot`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotation_site.snapshots.management.commands import export_snapshot
from mpd_builder import snapshot as snapshots
from tests.factories import make_campaign
from tests.snapshots.judged_campaign import judged_campaign

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("export_snapshot", *arguments, stdout=out)
    return out.getvalue()


def test_it_writes_a_snapshot_that_verifies(tmp_path):
    judged_campaign()
    words = run("--recipe", "demo", "--out", str(tmp_path / "s"))
    report = snapshots.verify(tmp_path / "s")
    assert report.ok
    assert report.digest in words
    assert "12 pairs" in words


def test_it_tells_its_facts_as_json(tmp_path):
    judged_campaign()
    told = json.loads(run("--recipe", "demo", "--out", str(tmp_path / "s"), "--json"))
    assert told["digest"] == snapshots.verify(tmp_path / "s").digest
    assert sum(told["facts"]["pairs"].values()) == 12


def test_with_several_campaigns_it_wants_to_know_which(tmp_path):
    judged = judged_campaign()
    other = make_campaign()
    with pytest.raises(CommandError, match="Say which campaign"):
        run("--recipe", "demo", "--out", str(tmp_path / "s"))
    with pytest.raises(CommandError, match="No pair has 5 ratings yet"):
        run("--recipe", "demo", "--out", str(tmp_path / "s"), "--campaign", other.slug)
    run("--recipe", "demo", "--out", str(tmp_path / "s"), "--campaign", judged.campaign.slug)
    assert snapshots.verify(tmp_path / "s").ok


@pytest.mark.parametrize(("recipe", "words"), [("huge", "There is no recipe 'huge'"), ("demo", "never overwritten")])
def test_wrong_use_is_refused_in_words(tmp_path, recipe, words):
    judged_campaign()
    (tmp_path / "s").mkdir()
    with pytest.raises(CommandError, match=words):
        run("--recipe", recipe, "--out", str(tmp_path / "s"))
    assert list(tmp_path.joinpath("s").iterdir()) == []


def test_every_field_of_the_recipe_is_an_option(tmp_path):
    judged_campaign()
    options = [
        *("--min-ratings", "4", "--aggregator", "median", "--trim", "0", "--band", "0.3,0.7", "--votes", "2"),
        *("--vote-rule", "unanimous", "--split", "pair", "--shares", "0.6,0.2,0.2", "--salt", "anew"),
        *("--media", "previews", "--no-arrays", "--rater-ids", "absent", "--licence", "CC-BY-4.0"),
    ]
    told = json.loads(run("--recipe", "demo", "--out", str(tmp_path / "s"), "--json", *options))
    recipe = {
        "name": "custom",
        "raters_per_pair": 5,
        "min_ratings": 4,
        "aggregator": "median",
        "trim": 0,
        "band": [0.3, 0.7],
        "votes_needed": 2,
        "vote_rule": "unanimous",
        "split": "pair",
        "shares": [0.6, 0.2, 0.2],
        "salt": "anew",
        "media": "previews",
        "arrays": False,
        "rater_ids": "absent",
        "ratings_licence": "CC-BY-4.0",
    }
    assert told["recipe"] == recipe
    assert snapshots.verify(tmp_path / "s").manifest["recipe"] == recipe


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--min-ratings", "9"], 2, "--min-ratings: Give a number from 2"),
        (["--votes", "0"], 2, "--votes: Give a number from 1"),
        (["--licence", "\n"], 2, "--licence: Give an SPDX name"),
        (["--shares", "1,2"], 2, "--shares: Give three numbers"),
        (["--campaign", "nowhere"], 2, "nowhere"),
    ],
)
def test_wrong_use_ends_with_2_and_names_the_option(tmp_path, options, status, words):
    judged_campaign()
    with pytest.raises(CommandError, match=words) as refused:
        run("--recipe", "demo", "--out", str(tmp_path / "s"), *options)
    assert refused.value.returncode == status
    assert not (tmp_path / "s").exists()


def test_what_fails_ends_with_1_and_what_is_stopped_with_130(tmp_path, monkeypatch):
    judged_campaign()
    for raised, status, words in (
        (OSError(28, "No space left on device", "/out"), 1, "/out: No space left on device"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ):

        def broken(*, error=raised, **_):
            raise error

        monkeypatch.setattr(export_snapshot, "export_campaign", broken)
        with pytest.raises(CommandError, match=words) as failed:
            run("--recipe", "demo", "--out", str(tmp_path / "s"))
        assert failed.value.returncode == status


def test_progress_is_one_line_of_a_terminal_and_nothing_elsewhere():
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe, quiet = Terminal(), StringIO(), Terminal()
    for stream, is_wanted in ((terminal, True), (pipe, True), (quiet, False)):
        bar = export_snapshot.Bar(stream, is_wanted=is_wanted)
        bar(0, 0, "Reading")
        bar(3, 6, "Writing painting 3 of 4")
        bar.clear()
    lines = terminal.getvalue().split("\r\033[K")
    assert lines == ["", "Reading", f"{'█' * 15}{'░' * 15} 3 of 6: Writing painting 3 of 4", ""]
    assert (pipe.getvalue(), quiet.getvalue()) == ("", "")
