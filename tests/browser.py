"""A real Chromium for the tests: the one on PATH, else one that `playwright install` fetches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--mute-audio",
]
WHAT_TO_INSTALL = (
    "no browser: install Chromium (`apt-get install chromium`, `brew install --cask chromium`), "
    "or run `.venv/bin/playwright install chromium` where its download can be reached"
)


@cache
def _fetched() -> bool:
    """Whether Playwright has a browser of its own, after trying to fetch one; quick when it is there."""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        return subprocess.run(command, capture_output=True, timeout=300, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def launch_options() -> dict[str, Any]:
    """Options of `browser_type.launch`. Without a browser the test is skipped; under REQUIRE_BROWSER=1 it fails."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    options: dict[str, Any] = {"headless": True, "args": ARGUMENTS}
    if found:
        return {**options, "executable_path": found}
    if _fetched():
        return options
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"REQUIRE_BROWSER=1, but {WHAT_TO_INSTALL}")
    pytest.skip(WHAT_TO_INSTALL)
