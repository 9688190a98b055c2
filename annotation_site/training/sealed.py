"""Whether files are a sealed model of ours, told without torch: the seal, the layout of the tensors, the report."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.config import Config, ConfigError
from model.files import POSTERIOR, REPORT_NAME, SEAL_FORMAT, SEAL_NAME, WEIGHT, WEIGHTS_NAME

_LARGEST_HEADER = 16 * 2**20
_MOST_DIMENSIONS, _LARGEST_NUMBER = 8, 2**48
_BYTES_OF = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


class NotAModel(Exception):
    """A file is missing, damaged or not one of ours; the text names it and says what is wrong."""


def seal_of(content: bytes) -> dict[str, Any]:
    """The seal of a checkpoint. Raises `NotAModel` where it is none, or of a model that this version does not know."""
    seal = _object(content, SEAL_NAME)
    if seal.get("format") != SEAL_FORMAT:
        raise NotAModel(f"{SEAL_NAME} has the format {seal.get('format')!r}; this site reads format {SEAL_FORMAT}.")
    kinds = {"sha256": str, "snapshot_digest": str, "code_version": str, "seed": int, "step": int, "config": dict}
    for name, kind in kinds.items():
        if not isinstance(seal.get(name), kind) or isinstance(seal[name], bool):
            raise NotAModel(f"{SEAL_NAME} does not say its {name}.")
    try:
        Config.from_dict(seal["config"])
    except ConfigError as error:
        raise NotAModel(f"{SEAL_NAME} describes a model that this version does not know: {error}") from None
    return seal


def require_weights(path: Path, seal: Mapping[str, Any]) -> None:
    """Raises `NotAModel` unless the file is what the seal vouches for, and tensors of a model and nothing else."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != seal["sha256"]:
            raise NotAModel(f"{WEIGHTS_NAME} is not the file that {SEAL_NAME} vouches for: it was changed or cut off.")
        size = file.seek(0, 2)
        file.seek(0)
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
        if not 0 < length <= min(_LARGEST_HEADER, size - 8):
            raise NotAModel(f"{WEIGHTS_NAME} is not a safetensors file.")
        header = _object(file.read(length), WEIGHTS_NAME)
    header.pop("__metadata__", None)
    _require_layout(header, size - 8 - length)


def require_report(content: bytes, seal: Mapping[str, Any]) -> dict[str, Any]:
    """The report, if it is of the sealed run. Raises `NotAModel`."""
    report = _object(content, REPORT_NAME)
    if any(report.get(name) != seal[name] for name in ("snapshot_digest", "seed", "code_version", "config")):
        raise NotAModel(f"{REPORT_NAME} is the report of another run than {SEAL_NAME} names.")
    return report


def _require_layout(header: Mapping[str, Any], size: int) -> None:
    """Tensors must follow each other without gap or overlap and end where the file ends."""
    places = []
    for name, tensor in header.items():
        if not name.startswith((WEIGHT, POSTERIOR)):
            raise NotAModel(f"{WEIGHTS_NAME} holds {name[:80]!r}, which is no part of a model.")
        try:
            width, shape, (start, end) = _BYTES_OF[tensor["dtype"]], tensor["shape"], tensor["data_offsets"]
            is_sound = len(shape) <= _MOST_DIMENSIONS and all(
                isinstance(n, int) and 0 <= n < _LARGEST_NUMBER for n in (start, end, *shape)
            )
            is_sound = is_sound and end - start == width * math.prod(shape)
        except (KeyError, TypeError, ValueError):
            is_sound = False
        if not is_sound:
            raise NotAModel(f"{WEIGHTS_NAME} describes the tensor {name[:80]!r} wrongly.")
        places.append((start, end))
    places.sort()
    ends = [0, *(end for _, end in places)]
    if [start for start, _ in places] != ends[:-1] or ends[-1] != size or not places:
        raise NotAModel(f"{WEIGHTS_NAME} is not laid out as safetensors lays tensors out.")


def _object(content: bytes, name: str) -> dict[str, Any]:
    """A JSON object that any database can keep: no NaN, no infinity, no zero byte, no half characters."""
    try:
        found = json.loads(content, parse_constant=_finite, parse_float=_finite)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise NotAModel(f"{name} is not JSON.") from None
    if not isinstance(found, dict) or b"\\u0000" in content:
        raise NotAModel(f"{name} is not an object of plain JSON.")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
