"""Media in an S3-compatible storage. Pages still fetch them from the site, so that the site decides who may."""

from __future__ import annotations

from typing import IO, Any
from urllib.parse import urljoin

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from django.conf import settings
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

_IN_MEMORY = 8 * 2**20  # what is larger goes through a temporary file when it is read whole


class MediaOnS3(S3Storage):
    """Credentials are boto3's business (`AWS_ACCESS_KEY_ID`, a profile, a machine's role). Objects get the bucket's
    own access rules: no ACL is set, and no address of the storage is ever handed out."""

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {
            "default_acl": None,
            "querystring_auth": False,
            "file_overwrite": True,  # names are hashes of the bytes: the same name is the same object
            "max_memory_size": _IN_MEMORY,
            "transfer_config": TransferConfig(max_concurrency=4),
        }

    def __init__(self, **options: Any) -> None:
        options.setdefault("client_config", _client(has_endpoint=bool(options.get("endpoint_url"))))
        super().__init__(**options)

    def url(self, name: str | None, *_: Any, **__: Any) -> str:
        return urljoin(settings.MEDIA_URL, filepath_to_uri(name or "") or "")

    def open_part(self, name: str, start: int, stop: int) -> IO[bytes]:
        """The bytes [start, stop) as a stream, without fetching the rest."""
        stored = self.bucket.Object(self._normalize_name(clean_name(name)))
        body: IO[bytes] = stored.get(Range=f"bytes={start}-{stop - 1}")["Body"]
        return body


def _client(*, has_endpoint: bool) -> Config:
    """Other makers' servers answer under one host name and may not know the newest checksums."""
    return Config(
        s3={"addressing_style": "path" if has_endpoint else "auto"},
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"max_attempts": 5, "mode": "standard"},
        connect_timeout=10,
        read_timeout=60,
    )
