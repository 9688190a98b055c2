"""Which pairs a rescoring scores, and what it hands to the model of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage

from annotation_site.corpus.models import Clip, Painting
from annotation_site.jobs.running import JobFailed
from annotation_site.rescoring import pools
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.inputs import Items, inputs_ensure, items_read, items_write
from annotation_site.rescoring.pools import (
    Candidates,
    random_pool,
    style_pool,
    style_pool_size,
    styles_of,
    unrated_cells,
)
from annotation_site.rescoring.sharding import matrix_shards, pair_shards
from annotation_site.scoring.models import Pair
from mpd_builder.mel import MEL_SHAPE
from tests.conftest import NOON
from tests.factories import make_clip, make_painting, make_pair, make_track

pytestmark = pytest.mark.django_db


def keys(found: Candidates) -> list[tuple[str, str]]:
    places = zip(found.painting_N.tolist(), found.clip_N.tolist(), strict=True)
    return [(found.paintings[p].key, found.clips[c].key) for p, c in places]


def test_the_random_pool_holds_every_unrated_pair_once_and_no_rated_one(campaign):
    found = keys(random_pool(campaign=campaign, size=1000, seed=1))
    rated = Pair.objects.get(rating_count=2)
    assert len(found) == len(set(found)) == 4 * 3 - 1
    assert (rated.painting.key, rated.clip.key) not in found


def test_the_campaigns_own_open_pairs_come_first_and_only_their_items_are_gathered(campaign):
    waiting = Pair.objects.get(rating_count=0)
    found = random_pool(campaign=campaign, size=1, seed=1)
    assert keys(found) == [(waiting.painting.key, waiting.clip.key)]
    assert (len(found.paintings), len(found.clips)) == (1, 1)


def test_silent_clips_and_items_of_another_kind_are_left_out(campaign):
    make_clip(track=make_track(clips=0), is_silent=True)
    make_painting(is_synthetic=True)
    make_track(clips=1, is_synthetic=True)
    assert len(random_pool(campaign=campaign, size=1000, seed=1)) == 11


def test_a_pool_of_styles_holds_all_unrated_pairs_of_their_paintings(campaign):
    assert styles_of(campaign) == [("Baroque", 2), ("Cubism", 2)]
    rated = Pair.objects.get(rating_count=2)
    found = style_pool(campaign=campaign, styles=["Baroque"])
    assert {painting.style for painting in found.paintings} == {"Baroque"}
    assert len(set(keys(found))) == len(found) == 2 * 3 - 1
    assert (rated.painting.key, rated.clip.key) not in keys(found)
    Pair.objects.filter(rating_count=0).update(closed_at=NOON)
    assert style_pool_size(campaign=campaign, styles=["Baroque", "Cubism"]) == 12 - 2
    assert len(style_pool(campaign=campaign, styles=["Baroque", "Cubism"])) == 12 - 2


def test_more_pairs_than_can_be_listed_are_refused_in_words(campaign, monkeypatch):
    monkeypatch.setattr(pools, "MOST_PAIRS", 4)
    with pytest.raises(RescoringError, match="5 pairs, and at most 4 can be listed"):
        style_pool(campaign=campaign, styles=["Baroque"])


def test_what_may_still_be_asked_is_neither_begun_nor_asked_for_nor_withdrawn(campaign):
    paintings, clips = list(Painting.objects.order_by("pk")), list(Clip.objects.order_by("pk"))
    make_pair(campaign=campaign, painting=paintings[3], clip=clips[2], origin=Pair.Origin.MODEL)
    Painting.objects.filter(pk=paintings[2].pk).update(withdrawn_at=NOON)
    is_open = unrated_cells(
        campaign=campaign, paintings=[item.key for item in paintings], clips=[clip.key for clip in clips]
    )
    expected = np.ones((4, 3), dtype=bool)
    expected[0, 0] = expected[3, 2] = False  # begun, and asked for
    expected[2] = False
    assert (is_open == expected).all()


# --- The model's inputs ------------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "inputs"


def nothing(*_: object) -> None:
    """Nobody listens."""


def test_the_models_inputs_are_the_items_own_arrays_in_the_order_of_their_names(campaign, folder):
    paintings, clips = list(Painting.objects.order_by("-pk")), list(Clip.objects.order_by("pk"))
    items_write(Items([item.key for item in paintings], [clip.key for clip in clips]), folder=folder)
    inputs_ensure(folder, say=nothing)
    arrays = np.load(folder / "paintings.u8.npy"), np.load(folder / "mels.f16.npy")
    assert arrays[0].shape == (4, 256, 256, 3)
    assert arrays[0][:, 0, 0, 0].tolist() == [30, 20, 10, 0]
    assert arrays[1].shape == (3, *MEL_SHAPE)
    assert arrays[1][:, 0, 0].tolist() == [0, 1, 2]
    (folder / "mels.f16.npy").unlink()
    inputs_ensure(folder, say=nothing)
    assert (np.load(folder / "mels.f16.npy") == arrays[1]).all()
    assert sorted(place.name for place in folder.iterdir()) == ["items.json", "mels.f16.npy", "paintings.u8.npy"]


def test_an_input_that_is_gone_is_named_and_nothing_half_made_stays(campaign, folder):
    painting = Painting.objects.order_by("pk")[1]
    items_write(Items([item.key for item in Painting.objects.order_by("pk")], []), folder=folder)
    default_storage.delete(painting.model_input.name)
    with pytest.raises(JobFailed, match=f"input of {painting.key} cannot be read"):
        inputs_ensure(folder, say=nothing)
    assert [place.name for place in folder.iterdir()] == ["items.json"]


def test_a_machine_that_does_not_share_the_folder_says_so(tmp_path):
    with pytest.raises(JobFailed, match="share the folder of runs"):
        items_read(tmp_path / "nowhere")


# --- Shards ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 4_999, 5_000, 5_001, 20_000, 500_000, 3_000_000])
def test_shards_of_a_list_cover_it_once_and_are_even(count):
    parts = pair_shards(count)
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == count
    sizes = {part.stop - part.start for part in parts}
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) <= 200


@pytest.mark.parametrize(("paintings", "clips"), [(1, 1), (4, 3), (10_000, 6_800), (3, 100_000), (90_000, 2)])
def test_shares_of_a_matrix_have_all_its_cells_and_none_is_empty(paintings, clips):
    shards = matrix_shards(paintings, clips)
    assert sum(shards.cells) == paintings * clips
    assert min(shards.cells) > 0
    assert 1 <= shards.clips_saved <= 64
    assert shards.count <= 200
