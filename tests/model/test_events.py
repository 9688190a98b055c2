from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.events import EventTail, EventWriter, read_events


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "events.jsonl"


def write(path: Path, *names: str) -> None:
    with EventWriter(path, clock=lambda: 12.34567) as events:
        for name in names:
            events.write(name)


def test_an_event_is_one_line_with_the_time_it_was_given(path: Path) -> None:
    with EventWriter(path, clock=lambda: 12.34567) as events:
        events.write("step", step=1, loss=0.5)
        assert json.loads(path.read_text()) == {"event": "step", "time": 12.346, "step": 1, "loss": 0.5}


def test_numbers_that_json_cannot_carry_become_null(path: Path) -> None:
    with EventWriter(path, clock=lambda: 0.0) as events:
        events.write("step", loss=float("nan"), nested={"x": [float("inf"), 1.0]})
    assert read_events(path) == [{"event": "step", "time": 0.0, "loss": None, "nested": {"x": [None, 1.0]}}]


def test_a_tail_returns_each_event_once(path: Path) -> None:
    tail = EventTail(path)
    assert tail.read() == []
    write(path, "start", "step")
    assert [event["event"] for event in tail.read()] == ["start", "step"]
    assert tail.read() == []
    write(path, "end")
    assert [event["event"] for event in tail.read()] == ["end"]


def test_a_stored_offset_goes_on_where_it_stopped(path: Path) -> None:
    write(path, "start")
    first = EventTail(path)
    first.read()
    write(path, "end")
    assert [event["event"] for event in EventTail(path, offset=first.offset).read()] == ["end"]


def test_a_line_still_being_written_waits_for_its_end(path: Path) -> None:
    write(path, "start")
    tail = EventTail(path)
    with path.open("a") as file:
        file.write('{"event": "st')
    assert [event["event"] for event in tail.read()] == ["start"]
    with path.open("a") as file:
        file.write('ep"}\n')
    assert [event["event"] for event in tail.read()] == ["step"]


def test_a_line_that_a_killed_writer_left_unfinished_costs_only_itself(path: Path) -> None:
    write(path, "start")
    with path.open("a") as file:
        file.write('{"event": "st')
    write(path, "start")
    assert [event["event"] for event in read_events(path)] == ["start", "start"]


def test_a_damaged_line_costs_only_itself(path: Path) -> None:
    write(path, "start")
    with path.open("ab") as file:
        file.write(b'\xff\xfe{"event"\n[1]\n')
    write(path, "end")
    assert [event["event"] for event in read_events(path)] == ["start", "end"]


def test_a_file_begun_anew_is_read_from_its_start(path: Path) -> None:
    write(path, "start", "step", "end")
    tail = EventTail(path)
    tail.read()
    path.unlink()
    write(path, "start")
    assert [event["event"] for event in tail.read()] == ["start"]
