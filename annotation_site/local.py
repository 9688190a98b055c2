"""Where the site keeps its state on one machine, and what a fresh checkout needs before Django can start."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


def state_dir() -> Path:
    """The folder of everything that the running site writes: `ATELIER_STATE`, or `var/` in the checkout."""
    return Path(os.environ.get("ATELIER_STATE") or BASE_DIR / "var").resolve()


def secret_key() -> str:
    """`SECRET_KEY`, or the key that `prepare` made for this machine; empty when there is neither."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    try:
        return (state_dir() / "secret_key").read_text().strip()
    except OSError:
        return ""


def prepare() -> Path:
    """Make the state folder and this machine's own secret key, once. Raises OSError where it cannot write."""
    folder = state_dir()
    folder.mkdir(parents=True, exist_ok=True)
    key_file = folder / "secret_key"
    if not os.environ.get("SECRET_KEY") and not key_file.exists():
        handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return folder
