"""The names of a run's files. Loads no torch, so that whoever keeps, moves or shows them need not either."""

from __future__ import annotations

EVENTS_NAME = "events.jsonl"
CONFIG_NAME = "config.json"
REPORT_NAME = "report.json"
WEIGHTS_NAME = "checkpoint.safetensors"
SEAL_NAME = "checkpoint.json"
STATE_NAME = "state.safetensors"
EXAMPLES_NAME = "examples.json"
EXAMPLE_NAMES = tuple(f"example-{place:02d}.png" for place in range(10))

SEAL_FORMAT = 1
"""The version of what `SEAL_NAME` says; it is written as `format` there."""

WEIGHT, POSTERIOR = "weights.", "posterior."
"""What the names of the tensors in `WEIGHTS_NAME` begin with."""
