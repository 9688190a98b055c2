"""Every page of the room: who reaches it, and what it says where there is little to say."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater
from annotation_site.reliability import keeping
from annotation_site.reliability.lights import State, light_of
from annotation_site.reliability.rater_table import COLUMNS
from annotation_site.scoring.models import Campaign, Pair, Rating
from annotation_site.scoring.services import rater_withdraw
from mpd_builder.statistics.estimates import Estimate
from tests.conftest import NOON
from tests.factories import (
    make_admin,
    make_campaign,
    make_clip,
    make_painting,
    make_pair,
    make_rater,
    make_rating,
    make_repeat,
    make_task,
    make_user,
)

pytestmark = pytest.mark.django_db

DASHBOARD = "/admin/reliability/"


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def raters() -> list[Rater]:
    return [make_rater() for _ in range(6)]


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(name="Autumn", slug="autumn")


def rate(campaign: Campaign, raters: list[Rater], values: list[float]) -> Pair:
    pair = make_pair(campaign=campaign, painting=make_painting(style="Baroque"), clip=make_clip())
    for rater, value in zip(raters, values, strict=False):
        make_rating(pair=pair, rater=rater, value=value, active_ms=20_000, played_ms=15_000)
    return pair


@pytest.fixture
def rated(campaign: Campaign, raters: list[Rater]) -> Campaign:
    """Three complete pairs by five raters."""
    for base in (0.2, 0.5, 0.8):
        rate(campaign, raters, [base - 0.1, base, base, base + 0.05, base + 0.1])
    return campaign


def client_of(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


@pytest.fixture
def ada() -> Client:
    return client_of(make_admin())


def addresses(campaign: Campaign, rater: Rater) -> list[str]:
    return [
        DASHBOARD,
        f"{DASHBOARD}?campaign={campaign.slug}&sort=-bias&fresh=1",
        f"{reverse('admin:reliability_rater', args=[rater.pk])}?campaign={campaign.slug}",
        reverse("admin:reliability_pair", args=[campaign.pairs.all()[0].pk]),
        reverse("admin:reliability_download", args=["html"]),
        reverse("admin:reliability_download", args=["json"]),
    ]


def text_of(client: Client, address: str) -> str:
    """What the page says, in one line; and it never says NaN."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    words = re.sub(r"<script.*?</script>|<style.*?</style>", "", answer.text, flags=re.DOTALL)
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", words)).split())
    assert not re.search(r"\b(nan|inf)\b", words, re.IGNORECASE), address
    assert not re.search(r"\bNone\b(?!\.| yet)", words), address
    assert not re.search(r"[\"' =](nan|inf)[\"'% ]", answer.text, re.IGNORECASE), address
    return words


def test_no_rater_reaches_any_page(rated: Campaign, raters: list[Rater], ada: Client) -> None:
    """The rater whose page it is, another one, an admin, a stranger; as htmx or whole; and staff without the right."""
    assigned, other, stranger = client_of(raters[0].user), client_of(raters[5].user), Client()
    clerk = client_of(make_user(is_staff=True))
    for headers in ({}, {"HX-Request": "true"}):
        for address in addresses(rated, raters[0]):
            for who in (assigned, other):
                answer = who.get(address, headers=headers, follow=True)
                assert answer.status_code == 403, address
                assert "alpha" not in answer.text.lower(), address
            assert stranger.get(address, headers=headers).status_code == 302, address
            assert clerk.get(address, headers=headers).status_code == 403, address
            assert ada.get(address, headers=headers).status_code == 200, address


def test_no_rater_reaches_the_numbers_through_the_api(rated: Campaign, raters: list[Rater], ada: Client) -> None:
    address = "/api/v1/campaigns/autumn/reliability/"
    for rater in (raters[0], raters[5]):
        assert client_of(rater.user).get(address).status_code == 403
    assert Client().get(address).status_code in {401, 403}
    assert ada.get(address).status_code == 200


def test_who_may_see_ratings_but_not_change_raters_is_not_led_to_exclude_them(
    rated: Campaign, raters: list[Rater]
) -> None:
    user = make_user(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_rating"))
    page = text_of(client_of(user), addresses(rated, raters[0])[2])
    assert "Exclude" not in page


def test_the_dashboard_has_every_section(rated: Campaign, ada: Client) -> None:
    page = text_of(ada, DASHBOARD)
    for words in (
        "Scores of complete pairs",
        "Dispersion of complete pairs",
        "Alpha over time, cumulative",
        "ICC(5), the mean of 5",
        "What more or fewer raters a pair would bring",
        "By style of the painting",
        "By rater group",
        "By week of rating",
        "By score",
        "Rater model",
        "ITU-R BT.500",
        "Pairs on which raters are furthest apart",
    ):
        assert words in page, words


def test_a_target_is_met_missed_or_unsure_in_words_and_by_a_sign(campaign: Campaign, ada: Client) -> None:
    raters = [make_rater() for _ in range(5)]
    for number in range(12):
        rate(campaign, raters, [round(number / 12 + step, 3) for step in (0.0, 0.01, 0.02, 0.03, 0.04)])
    assert "✓ Met: at least 0.8" in text_of(ada, DASHBOARD)
    assert "✓ Met: at most 0.09" in text_of(ada, DASHBOARD)
    Campaign.objects.update(target_alpha=1.0, target_dispersion=0.001)
    cache.clear()
    assert "✗ Missed: at least 1" in text_of(ada, DASHBOARD)
    assert "✗ Missed: at most 0.001" in text_of(ada, DASHBOARD)


@pytest.mark.parametrize(
    ("estimate", "state"),
    [
        (Estimate(0.9, 0.85, 0.95), State.MET),
        (Estimate(0.9, 0.7, 0.95), State.UNSURE),
        (Estimate(0.5, 0.4, 0.6), State.MISSED),
        (Estimate(0.9), State.UNSURE),
        (Estimate(None), State.UNDEFINED),
        (Estimate(0.8, 0.8, 0.8), State.MET),
    ],
)
def test_a_light_looks_at_the_whole_interval(estimate: Estimate, state: State) -> None:
    assert light_of(estimate, target=0.8, at_least=True).state == state
    if estimate.value != 0.8:
        turned = {State.MET: State.MISSED, State.MISSED: State.MET}
        assert light_of(estimate, target=0.8, at_least=False).state == turned.get(state, state)


def test_a_campaign_without_ratings_says_so(campaign: Campaign, ada: Client) -> None:
    rate(campaign, [], [])
    page = text_of(ada, DASHBOARD)
    assert "Nothing is rated yet" in page
    assert "undefined" in page
    assert "Nothing to compare" in page
    for address in addresses(campaign, make_rater())[2:5]:
        text_of(ada, address)


def test_one_rater_alone(campaign: Campaign, ada: Client) -> None:
    rater = make_rater()
    for value in (0.2, 0.9):
        rate(campaign, [rater], [value])
    assert "undefined" in text_of(ada, DASHBOARD)
    for address in addresses(campaign, rater)[2:5]:
        text_of(ada, address)
    page = text_of(ada, addresses(campaign, rater)[2])
    assert "Nobody else has rated a pair of this rater's yet." in page
    assert "Alpha without this rater undefined" in page


def test_constant_ratings_leave_alpha_undefined(campaign: Campaign, raters: list[Rater], ada: Client) -> None:
    for _ in range(2):
        rate(campaign, raters, [0.7] * 5)
    page = text_of(ada, DASHBOARD)
    assert "Krippendorff's alpha undefined needs two ratings of a pair, and some variation" in page
    assert "Mean dispersion 0.000" in page
    assert "No complete pair's ratings differ." in page
    for address in addresses(campaign, raters[0])[2:5]:
        text_of(ada, address)


def test_one_complete_pair_has_figures_without_intervals(campaign: Campaign, raters: list[Rater], ada: Client) -> None:
    rate(campaign, raters, [0.1, 0.2, 0.3, 0.4, 0.5])
    page = text_of(ada, DASHBOARD)
    assert "too few pairs for an interval" in page
    assert "≈ Not sure yet: at least 0.8" in page
    for address in addresses(campaign, raters[0])[2:5]:
        text_of(ada, address)


@pytest.mark.parametrize("column", ["rater", *(column.key for column in COLUMNS)])
def test_raters_are_sorted_by_every_column_both_ways(rated: Campaign, ada: Client, column: str) -> None:
    up, down = (ada.get(DASHBOARD, {"sort": sort}).context["lines"] for sort in (column, f"-{column}"))
    of = {one.key: one.of for one in COLUMNS}.get(column)
    keys = [line.person.code if of is None else of(line.one) for line in up]
    known = [key for key in keys if key is not None]
    assert known == sorted(known)
    assert keys[len(known) :] == [None] * (len(keys) - len(known))
    turned = [line.person.code if of is None else of(line.one) for line in down]
    assert [key for key in turned if key is not None] == sorted(known, reverse=True)


def test_a_column_that_is_not_there_sorts_by_work(rated: Campaign, raters: list[Rater], ada: Client) -> None:
    rate(rated, raters[2:], [0.4])
    assert ada.get(DASHBOARD, {"sort": "password"}).context["lines"][0].person.code == raters[2].code


def test_a_raters_page_has_their_repeats_extremes_and_links(rated: Campaign, raters: list[Rater], ada: Client) -> None:
    first = Rating.objects.filter(rater=raters[0]).order_by("pk")[0]
    make_repeat(first=first, value=first.value + 0.25)
    page = text_of(ada, addresses(rated, raters[0])[2])
    assert "1 repeat: on average 0.250 away from the first mark" in page
    assert "+0.25" in page
    assert "20.0 s" in page
    html = ada.get(addresses(rated, raters[0])[2]).text
    assert f'href="{reverse("admin:accounts_rater_retire", args=["exclude"])}?ids={raters[0].pk}"' in html
    assert reverse("admin:reliability_pair", args=[first.pair_id]) in html


def test_a_rater_whose_judgments_are_out_has_a_page_that_says_so(
    rated: Campaign, raters: list[Rater], ada: Client
) -> None:
    rater_withdraw(rater=raters[0], now=NOON)
    page = text_of(ada, addresses(rated, raters[0])[2])
    assert f"No rating of {raters[0].code} counts in Autumn" in page
    assert "Exclude" not in page


def test_a_pairs_page_has_its_ratings_aggregates_and_tasks(rated: Campaign, raters: list[Rater], ada: Client) -> None:
    pair = rated.pairs.order_by("pk")[1]
    sibling = make_pair(campaign=rated, painting=make_painting(title="The Other"), clip=pair.clip)
    make_task(pair_a=sibling, pair_b=pair)
    page = text_of(ada, reverse("admin:reliability_pair", args=[pair.pk]))
    for code in (rater.code for rater in raters[:5]):
        assert code in page
    assert "Trimmed mean in use 0.517 yes" in page
    assert "Mean 0.510 yes" in page
    assert "Median 0.500 yes" in page
    assert re.search(r"Rater model 0\.\d{3}", page)
    assert "15.0 s 20.0 s" in page
    assert "The Other" in page
    assert "0 for this and 0 for the other" in page


def test_what_was_deleted_is_not_shown(rated: Campaign, raters: list[Rater], ada: Client) -> None:
    pair = rated.pairs.order_by("pk")[0]
    for item in (pair.painting, pair.clip.track):
        item.media_removed_at = item.withdrawn_at = NOON
        item.save()
    assert "The painting's files are deleted." in text_of(ada, reverse("admin:reliability_pair", args=[pair.pk]))
    assert "The clip's files are deleted." in text_of(ada, DASHBOARD)


def test_what_is_not_there_is_not_found(rated: Campaign, ada: Client) -> None:
    for address in (
        f"{DASHBOARD}?campaign=winter",
        reverse("admin:reliability_rater", args=[99_999]),
        reverse("admin:reliability_pair", args=[99_999]),
        reverse("admin:reliability_download", args=["pdf"]),
        f"{reverse('admin:reliability_download', args=['json'])}?campaign=winter",
    ):
        assert ada.get(address).status_code == 404, address


def test_the_download_asks_nobody_for_anything(rated: Campaign, ada: Client) -> None:
    answer = ada.get(reverse("admin:reliability_download", args=["html"]))
    assert 'attachment; filename="reliability-autumn-' in answer["Content-Disposition"]
    html = answer.text
    assert not re.search(r"<(script|link|img|iframe|object|audio|video)\b", html)
    assert not re.search(r"\b(src|href)=", html)
    urls = re.findall(r"(?:url\(|@import|https?://)[^)\s]*", html)
    assert [url for url in urls if not url.startswith(('url("data:', "http://www.w3.org/2000/svg"))] == []
    assert "prefers-color-scheme: dark" in html


def test_the_json_is_what_the_command_prints(rated: Campaign, ada: Client, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(ada.get(reverse("admin:reliability_download", args=["json"])).text)
    call_command("reliability", "--json")
    printed = json.loads(capsys.readouterr().out)
    for numbers in (told, printed):
        del numbers["computed_at"]
    assert told == printed
    assert told["targets"] == {"alpha": 0.8, "dispersion": 0.09, "too_fast_ms": 17_000.0}
    assert [one["raters"] for one in told["overall"]["forecast"]] == [3, 4, 5, 7, 10]


def test_who_waits_for_the_first_report_in_vain_is_told(
    rated: Campaign, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping.report_kept, "__kwdefaults__", {"is_asked_for": False, "wait_s": 0.0})
    cache.add(f"reliability:computing:{rated.pk}", True)
    answer = ada.get(DASHBOARD)
    assert answer.status_code == 503
    assert "This report is being worked out" in answer.text
    assert ada.get("/api/v1/campaigns/autumn/reliability/").json()["code"] == "report_not_ready"


def test_the_campaigns_form_sets_the_targets(campaign: Campaign, ada: Client) -> None:
    page = text_of(ada, reverse("admin:scoring_campaign_change", args=[campaign.pk]))
    for words in ("Alpha, at least", "Mean dispersion, at most", "Too fast (seconds)", "measures the ratings by"):
        assert words in page
