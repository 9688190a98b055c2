"""What counts as active and as idle, tried on the module itself with a clock of the test's own."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from annotation_site.scoring.models import Campaign, Rating
from tests.e2e.stage import Stage, all_sent, at_desk, rate

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WATCH = """async (steps) => {
  const { Stopwatch } = await import("/static/js/stopwatch.js");
  let now = 1000;
  let hidden = false;
  performance.now = () => now;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  const watch = new Stopwatch();
  watch.start();
  for (const [seconds, what] of steps) {
    now += seconds * 1000;
    if (what === "key") document.dispatchEvent(new KeyboardEvent("keydown", { key: "x" }));
    if (what === "hide" || what === "show") {
      hidden = what === "hide";
      document.dispatchEvent(new Event("visibilitychange"));
    }
    if (what === "stop") watch.stop();
    if (what === "start") watch.start();
  }
  return [watch.active / 1000, watch.idle / 1000, watch.hidden / 1000];
}"""


@pytest.fixture
def blank(stage: Stage) -> Page:
    return stage.visit("/welcome/consent/")


@pytest.mark.parametrize(
    ("steps", "active_idle_hidden"),
    [
        ([[20, ""]], [20, 0, 0]),  # listening without a hand on anything
        ([[40, ""]], [40, 10, 0]),
        ([[40, "key"], [25, ""]], [65, 10, 0]),
        ([[5, "hide"], [100, "show"], [5, ""]], [10, 0, 100]),
        ([[50, "hide"], [100, "show"], [40, ""]], [90, 30, 100]),
        ([[10, "stop"], [500, "start"], [10, ""]], [20, 0, 0]),  # while another task was before the person
        ([[45, "stop"], [500, ""]], [45, 15, 0]),
    ],
)
def test_time_is_told_apart(blank: Page, steps: list, active_idle_hidden: list[float]):
    assert blank.evaluate(WATCH, steps) == active_idle_hidden


def test_it_goes_along_with_the_rating(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    rate(page)
    all_sent(page)
    evidence = Rating.objects.get().evidence
    assert (evidence["idle_ms"], evidence["hidden_ms"]) == (0, 0)
    assert evidence["clips"]["clip"]["seeks"] == evidence["clips"]["clip"]["rounds"] == 0
