"""What of the database's rows comes into a snapshot beside the scores: evidence, protocols, backgrounds; and media."""

from __future__ import annotations

import hashlib
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from hypothesis import given
from hypothesis import strategies as st

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Painting
from annotation_site.protocols.models import ProtocolVersion
from annotation_site.protocols.selectors import version_in_force
from annotation_site.scoring.models import Pair, Rating, RatingState
from annotation_site.scoring.services import rater_withdraw
from annotation_site.snapshots import media
from annotation_site.snapshots.evidence import evidence_columns
from annotation_site.snapshots.exporting import export_campaign
from annotation_site.snapshots.media import StoredMedia
from annotation_site.snapshots.protocols import protocol_text
from annotation_site.snapshots.source import CampaignSource, judgments_of
from mpd_builder import snapshot
from mpd_builder.build import build
from mpd_builder.snapshot import MediaChoice, MediaError, MediaFile, Recipe
from tests.conftest import NOON
from tests.factories import make_admin, make_campaign, make_clip, make_painting, make_pair, make_track
from tests.snapshots.fixed_campaign import BEGAN, EVIDENCE, fixed_campaign, items, panel
from tests.snapshots.judged_campaign import jpeg, judged_campaign

NUMBERS = ("total_ms", "plays", "replays", "seeks", "moves", "first_move_ms", "hidden_ms", "idle_ms")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from((*NUMBERS, "clips", "clip", "viewport_px")), inner, max_size=6)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_a_browser_sends_becomes_plausible_columns(sent: Any) -> None:
    columns = evidence_columns(sent)
    assert set(columns) == {*NUMBERS, "screen"}
    assert columns.pop("screen") in (None, "narrow", "medium", "wide")
    for value in columns.values():
        assert value is None or (type(value) is int and 0 <= value < 2**31)


def test_what_the_page_tells_is_told() -> None:
    assert evidence_columns(EVIDENCE) == {
        "total_ms": 16_500, "plays": 2, "replays": 1, "seeks": 0, "moves": 4, "first_move_ms": 15_400,
        "hidden_ms": 0, "idle_ms": 12, "screen": "wide",
    }  # fmt: skip
    assert evidence_columns({"viewport_px": [767, 1024]})["screen"] == "narrow"
    assert evidence_columns({"viewport_px": [768, 1024]})["screen"] == "medium"
    assert evidence_columns({"viewport_px": [1200, 1]})["screen"] == "wide"


@pytest.mark.django_db
def test_evidence_and_corrections_come_into_the_table_of_ratings(tmp_path: Path) -> None:
    campaign = fixed_campaign(items(), panel(Random(1)), Random(1))
    first = Rating.objects.filter(rater__code="A1").order_by("pk")[0]
    earlier = Rating.objects.create(
        pair=first.pair, rater=first.rater, value=0.1, state=RatingState.SUPERSEDED, key=uuid4(), created_at=NOON
    )
    Rating.objects.filter(pk=first.pk).update(supersedes=earlier)
    export_campaign(
        campaign=campaign,
        recipe=Recipe("tables", media=MediaChoice.NONE, arrays=False),
        out_dir=tmp_path / "s",
        created_on=NOON.date(),
        progress=lambda *told: None,
    )
    data = snapshot.read(tmp_path / "s")
    ratings = data.ratings.set_index(["pair_id", "rater_id"])
    row = ratings.loc[(first.pair.key, "A1")]
    assert (row["total_ms"], row["plays"], row["screen"], row["corrected"]) == (16_500, 2, "wide", True)
    assert ratings["corrected"].sum() == 1
    assert ratings.xs("b2", level="rater_id")["plays"].isna().all()  # whose browser told nothing
    facts = data.manifest["facts"]
    assert (facts["collected_from"], facts["collected_until"]) == ("2026-03-02", "2026-03-03")  # in UTC
    assert facts["styles"] == {"Cubism": 5}
    assert facts["backgrounds"]["role"] == {"graduate": 6}
    assert BEGAN.isoformat() not in str(facts)


@pytest.mark.django_db
def test_how_a_pair_came_to_be_asked_for_is_told() -> None:
    campaign = fixed_campaign(items(), panel(Random(1)), Random(1))
    asked = Pair.objects.order_by("key")[0]
    Pair.objects.filter(pk=asked.pk).update(origin=Pair.Origin.MODEL)
    tables = build(CampaignSource(campaign), Recipe("t")).pairs
    origins = {row["pair_id"]: row["origin"] for table in tables.values() for row in table.to_pylist()}
    assert origins.pop(asked.key) == "model"
    assert set(origins.values()) == {"random"}


@pytest.mark.django_db
def test_a_withdrawn_rater_is_in_none_of_it() -> None:
    judged = judged_campaign()
    gone = judged.raters[0]
    Rater.objects.filter(pk=gone.pk).update(role="artist", is_simulated=True)
    rater_withdraw(rater=gone, now=NOON)
    judgments = judgments_of(campaign=judged.campaign)
    assert gone.code not in judgments.simulated_raters
    assert gone.code not in {each.rater_id for each in judgments.backgrounds}
    assert gone.code not in {each.rater_id for each in (*judgments.ratings, *judgments.votes)}


@pytest.mark.django_db
def test_a_protocols_text_holds_all_that_a_rater_read_and_not_who_wrote_it() -> None:
    version = version_in_force()
    version.published_by = make_admin("zyxpublisher")
    painting, clip = make_painting(), make_clip(track=make_track(clips=0))
    version.examples.create(painting=painting, clip=clip, reference=0.25, explanation="Calm | calm")
    version.examples.create(painting=make_painting(), clip=clip, reference=0.5, kind="practice")
    text = protocol_text(version)
    assert version.consent.strip() in text
    assert version.briefing.strip() in text
    assert f"| {painting.key} | {clip.key} | 0.25 | Calm \\| calm |" in text
    assert "1 pair, each scored by the rater and then told. Everybody could go on." in text
    assert "zyxpublisher" not in text


@pytest.mark.django_db
def test_the_versions_that_ratings_carry_are_in_the_dataset() -> None:
    judged = judged_campaign()
    data = build(CampaignSource(judged.campaign), Recipe("t"))
    assert set(data.protocols) == {"1"}
    (fact,) = data.facts.protocol_versions
    assert (fact.label, fact.ratings) == ("1", 60)
    assert fact.digest == hashlib.sha256(data.protocols["1"].encode()).hexdigest()
    assert not ProtocolVersion.objects.exists()  # nobody has opened the site: its own first version is what holds
    assert fact.published_on == version_in_force().published_at.date().isoformat()
    assert build(CampaignSource(judged.campaign), Recipe("t")).protocols == data.protocols


class Elsewhere(Storage):
    """A storage that has no place on this machine, as S3 has none."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def _open(self, name: str, mode: str = "rb") -> ContentFile:
        if name not in self.files:
            raise FileNotFoundError(name)
        return ContentFile(self.files[name])


def stored(content: bytes, name: str) -> Painting:
    painting = make_painting(display=ContentFile(content, "unused.jpg"))
    kept = default_storage.save(name, ContentFile(content))
    Painting.objects.filter(pk=painting.pk).update(display=kept)
    painting.refresh_from_db()
    return painting


@pytest.mark.django_db
def test_files_of_this_machine_are_given_by_their_place_and_digest() -> None:
    content = jpeg(7)
    digest = hashlib.sha256(content).hexdigest()
    painting = stored(content, f"derived/{digest[:2]}/{digest}.jpg")
    pair = make_pair(campaign=make_campaign(), painting=painting)
    found = StoredMedia(pair.campaign).painting_display(painting.key)
    assert found == MediaFile(Path(painting.display.path), sha256=digest)
    sound, extension = StoredMedia(pair.campaign).clip_audio(pair.clip.key)
    assert (sound.sha256, extension) == ("", "mp3")  # its name is no digest


@pytest.mark.django_db
def test_files_of_another_storage_are_fetched_when_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = make_pair()
    monkeypatch.setattr(media, "default_storage", Elsewhere({pair.painting.display.name: b"fetched"}))
    found = StoredMedia(pair.campaign).painting_display(pair.painting.key)
    assert found.content() == b"fetched"
    gone, _ = StoredMedia(pair.campaign).clip_audio(pair.clip.key)
    with pytest.raises(MediaError, match=f"A file of {pair.clip.key} is missing from the media store"):
        gone.content()


@pytest.mark.django_db
def test_a_file_that_was_damaged_in_the_store_is_refused_by_name(tmp_path: Path) -> None:
    judged = judged_campaign()
    digest = hashlib.sha256(jpeg(9)).hexdigest()
    kept = default_storage.save(f"derived/{digest[:2]}/{digest}.jpg", ContentFile(jpeg(9) + b"?"))
    Painting.objects.filter(pk=judged.paintings[0].pk).update(display=kept)
    with pytest.raises(MediaError, match=f"media file of {judged.paintings[0].key} was changed or damaged"):
        export_campaign(
            campaign=judged.campaign,
            recipe=Recipe("demo"),
            out_dir=tmp_path / "s",
            created_on=NOON.date(),
            progress=lambda *told: None,
        )
    assert list(tmp_path.glob("*s*")) == []
