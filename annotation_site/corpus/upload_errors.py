"""What an upload refuses, in a person's words, each with a code for programs."""

from __future__ import annotations

from typing import ClassVar

from annotation_site.corpus.errors import CorpusError


class UploadError(CorpusError):
    """What was sent cannot be kept, or cannot be used; the text says why and what to do."""

    code: ClassVar[str] = "refused"


class NameRefused(UploadError):
    code = "name_refused"


class TooMuch(UploadError):
    code = "too_much"


class NoRoom(UploadError):
    code = "no_room"


class UploadOver(UploadError):
    code = "upload_over"


class WrongOffset(UploadError):
    """The part does not begin where the last one ended; `received` is where to go on."""

    code = "wrong_offset"

    def __init__(self, words: str, received: int) -> None:
        super().__init__(words)
        self.received = received
