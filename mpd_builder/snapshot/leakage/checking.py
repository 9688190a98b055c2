"""A certificate from a folder, and a folder against its certificate."""

from __future__ import annotations

from pathlib import Path

from mpd_builder.sides import Regime
from mpd_builder.snapshot.leakage.certificate import NAME, Certificate
from mpd_builder.snapshot.leakage.counting import certify
from mpd_builder.snapshot.leakage.reading import TablesContradict, read_tables


class SplitsLeak(ValueError):
    """The tables share between two sides what their split keeps apart, so that they must not be sealed."""


def certificate_of(root: Path, *, split: Regime) -> Certificate:
    """The certificate of the tables that lie in a folder. Raises TablesContradict, OSError."""
    return certify(read_tables(root), split=split)


def proof_of(root: Path, *, split: Regime) -> Certificate:
    """The same, for sealing: raises SplitsLeak, in words, unless all that should be kept apart is."""
    found = certificate_of(root, split=split)
    if found.leaks:
        raise SplitsLeak(f"Nothing was sealed, since the splits leak: {'; '.join(found.leaks)}.")
    return found


def contradictions(root: Path, *, split: Regime) -> list[str]:
    """What is wrong with the certificate of a snapshot whose files are whole, in words; nothing if all is well.

    Raises OSError.
    """
    try:
        found = certificate_of(root, split=split)
    except TablesContradict as error:
        return [f"{NAME} cannot be worked out from the tables: {error}"]
    words = [f"{NAME}: {leak}" for leak in found.leaks]
    if (root / NAME).read_bytes() != found.to_bytes():
        words.append(f"{NAME} is not what the tables say")
    return words
