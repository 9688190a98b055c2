"""`manage.py export_snapshot`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

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
