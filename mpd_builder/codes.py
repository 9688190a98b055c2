"""Labels as whole numbers, so that everything else is arithmetic on arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.generic]
Name = int | str
"""What a unit, a rater or a group is called outside."""

# Whole numbers are counted instead of looked up or sorted while they leave at most so many gaps a label.
_GAPS = 4


def codes(labels: npt.ArrayLike) -> Ints:
    """Numbers or strings (N,) -> whole numbers from 0 on, the same for the same label, with gaps perhaps."""
    label_N = flat(labels)
    if _is_narrow(label_N):
        return np.asarray(label_N - label_N.min(), dtype=np.int64)
    code_of: dict[object, int] = {}
    return np.fromiter((code_of.setdefault(label, len(code_of)) for label in label_N.tolist()), np.int64, len(label_N))


def coded(labels: npt.ArrayLike) -> tuple[Ints, Labels]:
    """Whole numbers or strings (N,) -> codes (N,) without gaps, and the label of each code, in the labels' order."""
    label_N = flat(labels)
    if label_N.dtype.kind not in "iu":
        return _coded_strings(label_N)
    if not _is_narrow(label_N):
        names, code_N = np.unique(label_N, return_inverse=True)
        return np.asarray(code_N, dtype=np.int64), names
    lowest = label_N.min()
    shifted_N = np.asarray(label_N - lowest, dtype=np.int64)
    return dense(shifted_N)[0], np.flatnonzero(np.bincount(shifted_N)) + lowest


def dense(codes_N: Ints) -> tuple[Ints, Ints]:
    """Codes without gaps, and how often each occurs."""
    counts = np.bincount(codes_N)
    if counts.all():
        return codes_N, counts
    place = np.cumsum(counts > 0) - 1
    return place[codes_N], counts[counts > 0]


def totals(codes_N: Ints, weights: npt.NDArray[np.generic], n_codes: int = 0) -> Floats:
    """The sum of the weights of each code, (max code + 1,) or (n_codes,)."""
    sums = np.bincount(codes_N, weights=weights.astype(np.float64, copy=False), minlength=n_codes)
    return np.asarray(sums, dtype=np.float64)


def flat(labels: npt.ArrayLike) -> Labels:
    """Labels as an array (N,); ValueError for any other shape."""
    # A list of strings stays a list of references: as an array of fixed width it would be copied and hashed slowly.
    is_strings = isinstance(labels, list) and bool(labels) and isinstance(labels[0], str)
    label_N: Labels = np.array(labels, dtype=object) if is_strings else np.asarray(labels)
    if label_N.ndim != 1:
        raise ValueError(f"units, values and clusters must be flat lists, not of shape {label_N.shape}")
    return label_N


def _is_narrow(label_N: Labels) -> bool:
    is_whole = label_N.dtype.kind in "iu" and len(label_N) > 0
    return is_whole and int(label_N.max()) - int(label_N.min()) <= _GAPS * len(label_N)


def _coded_strings(label_N: Labels) -> tuple[Ints, Labels]:
    code_of: dict[str, int] = {}
    strings = map(str, label_N.tolist())
    code_N = np.fromiter((code_of.setdefault(name, len(code_of)) for name in strings), np.int64, len(label_N))
    in_order = sorted(code_of)
    place = np.empty(len(in_order), dtype=np.int64)
    place[[code_of[name] for name in in_order]] = np.arange(len(in_order))
    return place[code_N], np.array(in_order, dtype=object)
