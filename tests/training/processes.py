"""Looking for processes: who is there, and waiting until nobody is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path


def living_in(folder: Path) -> list[int]:
    """The processes, zombies aside, whose working folder this is: whoever was started there, and all theirs."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (place / "cwd").resolve() == folder.resolve() and not _is_zombie(place):
                found.append(int(place.name))
    return found


def _is_zombie(place: Path) -> bool:
    return (place / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def is_alive(pid: int) -> bool:
    try:
        return not _is_zombie(Path(f"/proc/{pid}"))
    except OSError:
        return False


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Look again and again, as long as a slow machine may need."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
