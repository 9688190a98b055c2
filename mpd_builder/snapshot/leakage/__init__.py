"""The leakage certificate `leakage.json`: what passes between the sides of a snapshot, proved by its tables alone.

The writer makes it, `verify` works it out again. It names what each regime shares between training, validation and
test, which of that the regime should have kept apart, and what a test pair's painting and track have in training.
"""

from mpd_builder.snapshot.leakage.certificate import (
    KEEPS_APART,
    NAME,
    SINCE,
    Certificate,
    Disagreements,
    Leakage,
    Seen,
    Shared,
    Tasks,
)
from mpd_builder.snapshot.leakage.checking import SplitsLeak, certificate_of, contradictions, proof_of
from mpd_builder.snapshot.leakage.counting import certify
from mpd_builder.snapshot.leakage.reading import COLUMNS, TablesContradict, read_tables

__all__ = [
    "COLUMNS",
    "KEEPS_APART",
    "NAME",
    "SINCE",
    "Certificate",
    "Disagreements",
    "Leakage",
    "Seen",
    "Shared",
    "SplitsLeak",
    "TablesContradict",
    "Tasks",
    "certificate_of",
    "certify",
    "contradictions",
    "proof_of",
    "read_tables",
]
