"""make_pairs and make_preferences on the command line."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotation_site.preferences.models import PreferenceTask
from annotation_site.scoring.models import Campaign, Pair, Slot
from tests.conftest import NOON
from tests.factories import make_campaign, make_painting, make_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def corpus() -> None:
    for _ in range(3):
        make_painting()
    make_track(clips=2)


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_the_first_pairs_make_the_main_campaign(corpus: None) -> None:
    assert run("make_pairs", "--count", "4", "--seed", "1") == (
        "4 pairs with 20 slots made in “Main campaign” (main).\n"
    )
    assert Campaign.objects.get().slug == "main"
    assert (Pair.objects.count(), Slot.objects.count()) == (4, 20)


def test_the_same_seed_pairs_the_same_corpus_the_same_way(corpus: None) -> None:
    for slug in ("one", "two"):
        make_campaign(slug=slug)
        run("make_pairs", "--count", "3", "--seed", "5", "--balance", "--campaign", slug)
    one, two = (list(Pair.objects.filter(campaign__slug=slug).values_list("key", flat=True)) for slug in ("one", "two"))
    assert one == two


def test_too_many_pairs_fail_in_one_line_and_leave_no_campaign(corpus: None) -> None:
    with pytest.raises(CommandError, match="7 pairs asked for, but only 6 are left"):
        run("make_pairs", "--count", "7", "--seed", "1")
    assert not Campaign.objects.exists()


def test_an_empty_site_says_what_to_do_first() -> None:
    with pytest.raises(CommandError, match="import some first"):
        run("make_pairs", "--count", "1", "--seed", "1")
    with pytest.raises(CommandError, match="Campaigns: none yet"):
        run("make_preferences", "--seed", "1")


@pytest.mark.parametrize("count", ["0", "-3"])
def test_a_count_that_makes_no_sense_is_wrong_use(corpus: None, count: str) -> None:
    for command in ("make_pairs", "make_preferences"):
        with pytest.raises(CommandError) as refusal:
            run(command, "--count", count, "--seed", "1")
        assert refusal.value.returncode == 2


def test_where_there_are_several_campaigns_one_has_to_be_named(corpus: None) -> None:
    make_campaign(slug="one")
    make_campaign(slug="two")
    with pytest.raises(CommandError, match="--campaign"):
        run("make_pairs", "--count", "1", "--seed", "1")
    with pytest.raises(CommandError, match="no campaign “three”"):
        run("make_pairs", "--count", "1", "--seed", "1", "--campaign", "three")


def test_preferences_are_made_of_ambiguous_pairs(corpus: None) -> None:
    run("make_pairs", "--count", "6", "--seed", "1")
    assert run("make_preferences", "--seed", "1") == (
        "0 preference tasks made in “Main campaign” (main): 0 music to painting, 0 painting to music.\n"
    )
    Pair.objects.update(score=0.5, dispersion=0.1, rating_count=5, completed_at=NOON)
    assert run("make_preferences", "--count", "2", "--seed", "1") == (
        "4 preference tasks made in “Main campaign” (main): 2 music to painting, 2 painting to music.\n"
    )
    assert "5 preference tasks" in run("make_preferences", "--seed", "2")
    assert PreferenceTask.objects.count() == 9  # of 2 clips 3 tasks each, of 3 paintings one each
