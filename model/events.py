"""A run's events: one JSON object a line, appended by the run, followed by whoever watches. Loads no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from model.files import EVENTS_NAME

__all__ = ["EVENTS_NAME", "EventTail", "EventWriter", "Watcher", "parse_events", "read_events"]


class Watcher(Protocol):
    """Whoever is shown events as they are written."""

    def show(self, event: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


class EventWriter:
    """Appends events to a file and hands each line over at once, so that a watcher sees it now.

    `clock` gives seconds since the epoch. Numbers that JSON cannot carry (NaN, infinities) are written as null. A last
    line that an earlier process left unfinished is ended first, so that it costs its own event and not the next. `also`
    is shown every event and closed with the file.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float], also: Watcher | None = None) -> None:
        self._clock, self._also = clock, also
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = _is_torn(path)
        self._file = path.open("a", encoding="utf-8")
        if torn:
            self._file.write("\n")

    def write(self, event: str, **fields: Any) -> None:
        """Append one event with the time now. Raises ValueError once closed."""
        line = _finite({"event": event, "time": round(self._clock(), 3), **fields})
        self._file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()
        if self._also is not None:
            self._also.show(line)

    def close(self) -> None:
        self._file.close()
        if self._also is not None:
            self._also.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventTail:
    """Follows an event file. `offset` (bytes) after a read is where the next one begins: it can be stored."""

    def __init__(self, path: Path, *, offset: int = 0) -> None:
        self._path = path
        self.offset = offset

    def read(self) -> list[dict[str, Any]]:
        """Events completed since the last read, oldest first; none while the file is not there yet.

        A last line without its newline is left for later. A finished line that is not a JSON object is passed over. A
        file shorter than the offset was begun anew, and is read from its start.
        """
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                if size < self.offset:
                    self.offset = 0
                file.seek(self.offset)
                chunk = file.read()
        except FileNotFoundError:
            return []
        end = chunk.rfind(b"\n") + 1
        self.offset += end
        return parse_events(chunk[:end])


def parse_events(content: bytes) -> list[dict[str, Any]]:
    """All complete events of an event file's content, oldest first."""
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    return [event for line in lines if (event := _parsed(line)) is not None]


def read_events(path: Path) -> list[dict[str, Any]]:
    """All complete events of a file, oldest first."""
    return EventTail(path).read()


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _is_torn(path: Path) -> bool:
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() != b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
