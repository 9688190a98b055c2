"""Where media and runs lie: a folder of this machine, or an S3-compatible storage that a setting names."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

EXAMPLE = "s3://bucket/folder?endpoint=https://s3.example.org&region=eu-central-1"

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_OPTIONS = ("endpoint", "region")


def media_storage(address: str) -> dict[str, Any]:
    """Django's `STORAGES["default"]` for the value of `MEDIA_STORAGE`; empty is the folder `MEDIA_ROOT`.

    Raises `ImproperlyConfigured` in words for an address that is not understood, and where django-storages is missing.
    """
    if not address:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    return _on_s3("MEDIA_STORAGE", address)


def runs_storage(address: str, *, folder: Path) -> dict[str, Any]:
    """Django's `STORAGES["runs"]` for the value of `RUNS_STORAGE`; empty is `folder`. Raises as `media_storage`."""
    if not address:
        options = {"location": str(folder), "allow_overwrite": True}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    return _on_s3("RUNS_STORAGE", address)


def _on_s3(setting: str, address: str) -> dict[str, Any]:
    options = _s3_options(setting, address)
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured(
            f"{setting} names an S3 storage, which needs django-storages: pip install -r requirements-s3.txt"
        )
    return {"BACKEND": "annotation_site.corpus.s3.MediaOnS3", "OPTIONS": options}


def _s3_options(setting: str, address: str) -> dict[str, Any]:
    def unclear(why: str) -> ImproperlyConfigured:
        return ImproperlyConfigured(f"{setting} is {address!r}: {why}. It looks like {EXAMPLE}")

    parts = urlsplit(address)
    if parts.scheme != "s3":
        raise unclear("it does not begin with s3://")
    if not _BUCKET.fullmatch(parts.netloc):
        raise unclear(f"{parts.netloc!r} is no name of a bucket")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    asked = dict(pairs)
    unknown = set(asked) - set(_OPTIONS)
    if unknown or len(asked) != len(pairs):
        raise unclear("it may say endpoint and region, each once, and nothing else")
    options = {"bucket_name": parts.netloc, "location": parts.path.strip("/")}
    if endpoint := asked.get("endpoint"):
        where = urlsplit(endpoint)
        if where.scheme not in ("http", "https") or not where.netloc:
            raise unclear(f"the endpoint {endpoint!r} is no http or https address")
        options["endpoint_url"] = endpoint
    if region := asked.get("region"):
        options["region_name"] = region
    return options
