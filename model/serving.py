"""A warm model: requests as lines of JSON on one stream, answers as lines of JSON on another.

The first line says that the model is loaded: `{"ready": {"recipe", "step", "device", ...}}`. A request is
`{"id": ..., "arrays": DIR, "maps": true}`, where DIR holds `paintings.u8.npy` (P, S, S, 3) and `mels.f16.npy`
(C, F, T), the windows of one piece, as for `score --arrays`. While it is worked on come `{"id", "done", "total"}`, at
its end `{"id", "verdict", "seconds"}` (`model.verdict`) or `{"id", "error", "code"}`: a bad request costs that request.
The process ends when its input does. Files that people sent are decoded elsewhere: here come arrays alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch

from model.checkpoints import Checkpoint
from model.pairfile import PairFileError, Source, open_source
from model.verdict import is_finite, judge

MOST_PAINTINGS = 12
MOST_CLIPS = 120
MOST_LINE_BYTES = 65_536
PROGRESS_EVERY_S = 0.3

Clock = Callable[[], float]


class BadRequest(ValueError):
    """A line that cannot be answered; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one line asks for."""

    id: str | int
    arrays: Path
    maps: bool = True


def serve(checkpoint: Checkpoint, *, requests: IO[bytes], answers: IO[bytes], clock: Clock) -> None:
    """Answer requests one after the other until there are no more."""
    _say(answers, ready=_identity(checkpoint))
    for line in _lines(requests):
        asked: str | int | None = None
        try:
            request = read_request(line)
            asked = request.id
            found, seconds = _answered(checkpoint, request, answers, clock)
            _say(answers, id=asked, verdict=found, seconds=seconds)
        except (BadRequest, PairFileError) as error:
            _say(answers, id=asked, code="request", error=str(error))
        except (torch.OutOfMemoryError, MemoryError) as error:
            _say(answers, id=asked, code="memory", error=f"out of memory: ask for less at a time ({error})")
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - the outermost loop: one request must not stop the others
            _say(answers, id=asked, code="unexpected", error=f"{type(error).__name__}: {error}")


def read_request(line: bytes) -> Request:
    """The request of a line. Raises `BadRequest` in words."""
    if len(line) > MOST_LINE_BYTES:
        raise BadRequest(f"a request has at most {MOST_LINE_BYTES} bytes")
    try:
        asked = json.loads(line)
    except ValueError as error:
        raise BadRequest(f"a request is one line of JSON: {error}") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("id"), str | int):
        raise BadRequest("a request is an object with an id, a text or a whole number")
    unknown = sorted(set(asked) - {"id", "arrays", "maps"})
    if unknown:
        raise BadRequest(f"a request knows id, arrays and maps, not {', '.join(unknown)}")
    if not isinstance(asked.get("arrays"), str) or not isinstance(asked.get("maps", True), bool):
        raise BadRequest("arrays is the path of a folder, maps is true or false")
    return Request(asked["id"], Path(asked["arrays"]), asked.get("maps", True))


def open_arrays(folder: Path, *, side: int) -> Source:
    """The two arrays of a request, within limits. Raises `PairFileError` or `BadRequest` in words."""
    source = open_source(snapshot=None, arrays=folder)
    (paintings, *shape), clips = source.paintings_u8.shape, len(source.mels_f16)
    if shape != [side, side, 3]:
        raise BadRequest(f"this model takes paintings of {side} x {side} x 3, not {' x '.join(map(str, shape))}")
    for what, count, most in (("paintings", paintings, MOST_PAINTINGS), ("clips", clips, MOST_CLIPS)):
        if not 1 <= count <= most:
            raise BadRequest(f"1 to {most} {what} are judged at a time, not {count}")
    return source


def _answered(
    checkpoint: Checkpoint, request: Request, answers: IO[bytes], clock: Clock
) -> tuple[dict[str, Any], float]:
    """The verdict, and how many seconds it took."""
    start = last = clock()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if clock() - last >= PROGRESS_EVERY_S:
            last = clock()
            _say(answers, id=request.id, done=done, total=total)

    source = open_arrays(request.arrays, side=checkpoint.config.painting.size)
    found = judge(checkpoint, source, with_maps=request.maps, progress=progress)
    if not is_finite(found):
        raise BadRequest("the model gives no number for this: the arrays hold none, or it diverged in training")
    return found, round(clock() - start, 4)


def _lines(requests: IO[bytes]) -> Iterator[bytes]:
    """Lines, each at most one byte longer than is allowed: the rest of such a line is passed over."""
    while line := requests.readline(MOST_LINE_BYTES + 1):
        if len(line) > MOST_LINE_BYTES:
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = requests.readline(MOST_LINE_BYTES)
        if line.strip():
            yield line


def _identity(checkpoint: Checkpoint) -> dict[str, Any]:
    identity = checkpoint.identity
    return {
        "recipe": checkpoint.config.recipe,
        "step": checkpoint.step,
        "snapshot_digest": identity.snapshot_digest,
        "seed": identity.seed,
        "code_version": identity.code_version,
        "device": str(checkpoint.module.head.weight.device),
        "threads": torch.get_num_threads(),
    }


def _say(answers: IO[bytes], **line: Any) -> None:
    answers.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    answers.flush()
