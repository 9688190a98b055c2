"""Curves from events: few points however long the run, a resumed run without its lost steps, time left."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotation_site.training.curves import MOST_POINTS, history_of, run_curves, seconds_left
from annotation_site.training.models import TrainingRun
from annotation_site.training.services import run_folder
from annotation_site.training.templatetags.training_words import about
from tests.training.fabricated import append_events, learning, start, step


@pytest.fixture
def run(settings, tmp_path: Path) -> TrainingRun:
    settings.RUNS_ROOT = tmp_path
    return TrainingRun(folder="run-1")


def test_a_long_run_gives_as_few_points_as_a_page_can_bear_and_keeps_its_spike() -> None:
    events = [start(), *(step(at, steps=100_000, loss=9.0 if at == 54_321 else 0.1) for at in range(1, 100_001))]
    (total, scores) = history_of(events).curves().losses
    assert (total.name, scores.name) == ("Total", "Scores")
    assert len(total.points) <= MOST_POINTS
    assert (54_321.0, 9.0) in total.points
    assert (total.points[0][0], total.points[-1][0]) == (1.0, 100_000.0)


def test_a_resumed_run_forgets_what_came_after_its_checkpoint() -> None:
    first = [start(), *(step(at, loss=1.0) for at in (2, 4, 6, 8)), {"event": "error", "message": "The disk is full."}]
    again = [start(4, device="cuda", processes=2), step(6, loss=0.5)]
    curves = history_of([*first, *again]).curves()
    assert list(curves.losses[0].points) == [(2.0, 1.0), (4.0, 1.0), (6.0, 0.5)]
    assert [(each.number, each.step, each.ended) for each in curves.attempts] == [
        (1, 0, "The disk is full."),
        (2, 4, ""),
    ]
    assert (curves.attempts[1].device, curves.attempts[1].processes) == ("cuda", 2)
    assert history_of([*first, *again, {"event": "end"}]).curves().attempts[-1].ended == "done"


def test_what_is_no_number_leaves_no_point() -> None:
    curves = history_of([start(), step(2, loss=None), step(4, loss=0.2, loss_reg=None)]).curves()
    assert list(curves.losses[0].points) == [(4.0, 0.2)]
    assert [series.name for series in curves.losses] == ["Total"]


def test_pace_speaks_of_the_last_step_and_validation_of_the_last_validation() -> None:
    curves = history_of(learning(60)).curves()
    assert curves.pace is not None
    assert (curves.pace.step, curves.pace.steps, curves.pace.stage) == (60, 200, "Learning scores")
    assert curves.pace.seconds_left == pytest.approx(140.0)  # a step a second, 140 to go
    assert curves.latest["SRCC"] == pytest.approx(0.475)
    assert history_of([]).curves().pace is None


@pytest.mark.parametrize(
    ("timed", "left"),
    [([], None), ([(1, 5.0)], None), ([(0, 0.0), (10, 5.0)], 45.0), ([(90, 0.0), (100, 5.0)], 0.0)],
)
def test_time_left_is_the_rest_at_the_last_pace(timed: list[tuple[int, float]], left: float | None) -> None:
    assert seconds_left(timed, steps=100) == left


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (12.0, "under a minute"),
        (240.0, "4 min"),
        (7_800.0, "2 h 10 min"),
        (3_600.0, "1 h"),
        (4e5, "5 days"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float | None, words: str) -> None:
    assert about(seconds) == words


def test_a_file_is_read_on_and_read_anew_where_it_was_begun_anew(run: TrainingRun) -> None:
    assert run_curves(run).losses == []
    append_events(run, [start(), step(2), step(4)])
    assert len(run_curves(run).losses[0].points) == 2
    append_events(run, [step(6)])
    assert len(run_curves(run).losses[0].points) == 3
    (run_folder(run) / "events.jsonl").write_text("")
    append_events(run, [start()])
    assert run_curves(run).losses == []
    assert len(run_curves(run).attempts) == 1


def test_a_run_without_a_folder_has_said_nothing() -> None:
    assert run_curves(TrainingRun()).losses == []
