"""The same judgments give the same bytes: from SQLite, from PostgreSQL, from records, in whatever order they came."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from annotation_site.scoring.models import Campaign
from annotation_site.snapshots import source
from annotation_site.snapshots.exporting import export_campaign
from annotation_site.snapshots.source import CampaignSource, judgments_of
from mpd_builder import scored_pairs, snapshot
from mpd_builder.build import build_snapshot
from mpd_builder.snapshot import MediaChoice, Recipe
from tests.golden.digests import FIXED_CAMPAIGN
from tests.snapshots.fixed_campaign import BEGAN, fixed_campaign, items, panel

pytestmark = pytest.mark.django_db

TABLES = Recipe("tables", media=MediaChoice.NONE, arrays=False, shares=(0.5, 0.2, 0.3))


def content_digest(folder: Path) -> str:
    report = snapshot.verify(folder)
    assert report.ok
    return str(report.manifest["content_digest"])


def exported(campaign: Campaign, out_dir: Path) -> str:
    export_campaign(
        campaign=campaign, recipe=TABLES, out_dir=out_dir, created_on=BEGAN.date(), progress=lambda *told: None
    )
    return content_digest(out_dir)


def test_a_known_campaign_has_the_digest_that_it_always_had(tmp_path: Path) -> None:
    """This test runs on both databases: what equals the same constant is equal."""
    corpus, raters = items(), panel(Random(1))
    digests = {exported(fixed_campaign(corpus, raters, Random(seed)), tmp_path / f"s{seed}") for seed in (1, 2)}
    assert digests == {FIXED_CAMPAIGN}


def test_records_in_memory_give_the_same_bytes(tmp_path: Path) -> None:
    campaign = fixed_campaign(items(), panel(Random(3)), Random(3))
    build_snapshot(
        judgments_of(campaign=campaign),
        TABLES,
        media=None,
        out_dir=tmp_path / "s",
        created_on=BEGAN.date(),
        code_version="0",
    )
    assert content_digest(tmp_path / "s") == FIXED_CAMPAIGN


def test_the_size_of_what_is_read_at_once_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "CHUNK", 7)
    monkeypatch.setattr(scored_pairs, "BLOCK", 11)
    assert exported(fixed_campaign(items(), panel(Random(4)), Random(4)), tmp_path / "s") == FIXED_CAMPAIGN


def test_streams_come_in_the_order_of_bytes() -> None:
    campaign = CampaignSource(fixed_campaign(items(), panel(Random(5)), Random(5)))
    ratings = [(rating.pair_id, rating.rater_id) for rating in campaign.ratings()]
    assert ratings == sorted(ratings)
    assert sorted({rater for _, rater in ratings}) == ["A1", "B10", "Z-9", "a1", "b2", "ä7"]
    for keys in ([pair.id for pair in campaign.pairs()], [task.id for task in campaign.tasks()]):
        assert keys == sorted(keys)
        assert keys
