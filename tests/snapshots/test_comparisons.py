"""Two sealed snapshots side by side: worked out once by a worker, shown with picture and sound, refused in words."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.test import Client

from annotation_site.accounts.models import Rater
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.scoring.services import rater_withdraw
from annotation_site.snapshots import services
from annotation_site.snapshots.comparing import snapshots_compare
from annotation_site.snapshots.errors import SnapshotError
from annotation_site.snapshots.models import Comparison, Snapshot
from annotation_site.snapshots.services import comparison_ask, comparison_retry, snapshot_folder, snapshot_start
from mpd_builder import comparison as comparisons
from mpd_builder import snapshot as snapshots
from tests.conftest import NOON
from tests.factories import make_admin
from tests.snapshots.exported import logged_in, sealed_snapshot, url
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged() -> Judged:
    return judged_campaign()


@pytest.fixture
def admin() -> Client:
    return logged_in(make_admin())


@pytest.fixture
def two(judged: Judged) -> tuple[Snapshot, Snapshot]:
    """One snapshot, and one after a rater withdrew, of the mean instead of the trimmed mean."""
    before = sealed_snapshot(judged.campaign)
    rater_withdraw(rater=Rater.objects.get(pk=judged.raters[5].pk), now=NOON)
    return before, sealed_snapshot(judged.campaign, overrides={"aggregator": "mean", "min_ratings": 4, "trim": 1})


def work(comparison: Comparison) -> str:
    return job_run(model=Comparison, job_id=comparison.pk, work=snapshots_compare)


def compared(two: tuple[Snapshot, Snapshot]) -> Comparison:
    comparison = comparison_ask(before=two[0], after=two[1], now=NOON)
    work(comparison)
    comparison.refresh_from_db()
    assert comparison.state == JobState.DONE, comparison.error
    return comparison


def address(name: str, before: Snapshot, after: Snapshot) -> str:
    return f"{url(name)}?before={before.pk}&after={after.pk}"


def words_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<script.*?</script>|<[^>]+>", " ", page, flags=re.DOTALL)).split())


def test_it_finds_what_the_builder_finds_in_the_folders(two: tuple[Snapshot, Snapshot]) -> None:
    found = compared(two).found
    expected = comparisons.compare(*(snapshots.read(snapshot_folder(one)) for one in two), n_movers=20).as_dict()
    for side in ("before", "after"):
        del expected[side]["path"]
    assert found == json.loads(json.dumps(expected))
    assert found["raters"]["counts"]["removed"] == 1
    assert found["scores"]["n_changed"] > 0


def test_the_page_waits_for_the_worker_and_then_shows_it(two: tuple[Snapshot, Snapshot], admin: Client) -> None:
    page = admin.get(address("compare", *two)).text
    assert f'hx-get="{address("compare_part", *two).replace("&", "&amp;")}"' in page
    assert "They are being compared" in page
    part = admin.get(address("compare_part", *two))
    assert "HX-Refresh" not in part
    work(Comparison.objects.get())
    assert admin.get(address("compare_part", *two))["HX-Refresh"] == "true"
    shown = admin.get(address("compare", *two))
    words = words_of(shown.text)
    for part_of_it in ("How scores changed", "Pairs that moved most", "Raters who went: 1", "Recipe, aggregator"):
        assert part_of_it in words, part_of_it
    movers = shown.context["movers"]
    assert len(movers) == len(Comparison.objects.get().found["scores"]["movers"]) > 0
    assert all(mover.thumbnail and "data-player" in mover.player for mover in movers)
    assert not re.search(r"\bNone\b", words.replace("None: both", ""))
    told = json.loads(admin.get(address("compare_numbers", *two)).content)
    assert told == Comparison.objects.get().found
    assert Comparison.objects.count() == 1


def test_movers_without_media_have_a_line_all_the_same(
    two: tuple[Snapshot, Snapshot], judged: Judged, admin: Client
) -> None:
    compared(two)
    for painting in judged.paintings:
        painting.media_removed_at = painting.withdrawn_at = NOON
        painting.save()
    for clip in judged.clips:
        clip.track.media_removed_at = clip.track.withdrawn_at = NOON
        clip.track.save()
    movers = admin.get(address("compare", *two)).context["movers"]
    assert movers
    assert not any(mover.thumbnail or mover.player for mover in movers)


def test_a_snapshot_beside_itself_is_identical(two: tuple[Snapshot, Snapshot], admin: Client) -> None:
    compared((two[0], two[0]))
    words = words_of(admin.get(address("compare", two[0], two[0])).text)
    assert comparisons.KINSHIP_WORDS[comparisons.Kinship.IDENTICAL] in words
    assert "No pair that is in both has another score." in words
    assert "None: both follow the same recipe." in words


def test_one_that_is_damaged_is_refused_in_words_until_it_is_mended(
    two: tuple[Snapshot, Snapshot], admin: Client
) -> None:
    table = snapshot_folder(two[1]) / "data" / "ratings.parquet"
    content = table.read_bytes()
    table.chmod(0o644)
    table.write_bytes(content[:-1])
    comparison = comparison_ask(before=two[0], after=two[1], now=NOON)
    assert work(comparison) == JobState.FAILED
    page = admin.get(address("compare", *two)).text
    assert "data/ratings.parquet was changed after the snapshot was sealed" in page
    assert "Try again" in page
    assert comparison_ask(before=two[0], after=two[1], now=NOON).state == JobState.FAILED
    table.write_bytes(content)
    admin.post(address("compare_retry", *two))
    assert work(comparison) == JobState.DONE
    comparison_retry(comparison=comparison, now=NOON)  # nothing to retry: it stays as it is
    assert Comparison.objects.get().state == JobState.DONE


def test_what_other_code_found_is_found_anew(two: tuple[Snapshot, Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    compared(two)
    monkeypatch.setattr(services, "__version__", "99")
    assert comparison_ask(before=two[0], after=two[1], now=NOON).state == JobState.QUEUED


def test_only_sealed_ones_are_compared(two: tuple[Snapshot, Snapshot], judged: Judged) -> None:
    waiting = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    for before, after in ((waiting, two[0]), (two[0], waiting)):
        with pytest.raises(SnapshotError, match="is not sealed yet"):
            comparison_ask(before=before, after=after, now=NOON)


def test_two_chosen_in_the_list_lead_to_their_comparison(two: tuple[Snapshot, Snapshot], admin: Client) -> None:
    def chosen(*snapshots_: Snapshot) -> str:
        sent = {"action": "compare", "_selected_action": [one.pk for one in snapshots_]}
        return str(admin.post(url("changelist"), sent)["Location"])

    assert chosen(two[1], two[0]) == address("compare", *two)
    assert "compare" not in chosen(two[0])
    page = admin.get(url("changelist")).text
    assert "Choose two sealed snapshots to compare." in page
    assert two[0].digest[:12] in page


def test_the_page_to_choose_them_on(admin: Client) -> None:
    assert "There is nothing to compare yet" in admin.get(url("compare")).text
    for wrong in ("x", "0", "9" * 40, "-1"):
        assert admin.get(url("compare"), {"before": wrong, "after": "1"}).status_code == 404
