"""One picture file -> a checked painting: limits, decoding, turning upright, sRGB, and the three sizes kept."""

from __future__ import annotations

import struct
import warnings
import zlib
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from mpd_builder.ingest.colour import to_srgb
from mpd_builder.ingest.content import Format
from mpd_builder.ingest.fingerprints import difference_hash
from mpd_builder.ingest.items import Candidate, CheckedPainting, Limits, Rejected, Remark
from mpd_builder.ingest.titles import described
from mpd_builder.records import Painting, painting_id

DISPLAY_SIDE: Final = 1600
THUMBNAIL_SIDE: Final = 320
MODEL_SIDE: Final = 256
WIDE_ASPECT: Final = 3.0

# What Pillow's decoders raise on broken files, beside OSError.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def check_picture(candidate: Candidate, *, data: bytes, sha256: str, form: Format, limits: Limits) -> CheckedPainting:
    """Decode `data` and make what is kept of it. Raises `Rejected`; never returns a partly decoded picture."""
    picture = _opened(data, form, limits)
    width, height, remarks = _size_checked(picture, limits)
    if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
        remarks.append(Remark("frames", f"It holds {picture.n_frames} pictures; the first one is taken."))  # type: ignore[attr-defined]
    upright, colour_remarks = _decoded(picture)
    turned = (upright.width > upright.height) != (width > height) and width != height
    display = fitted(upright, DISPLAY_SIDE)
    thumbnail = fitted(display, THUMBNAIL_SIDE)
    squashed = model_input(upright)
    details = described(candidate)
    return CheckedPainting(
        painting=Painting(
            id=painting_id(sha256),
            sha256=sha256,
            title=details.title,
            artist=details.artist,
            year=details.year,
            style=details.style,
            source=details.source,
            licence=details.licence,
            attribution=details.attribution,
            collection=details.collection,
            may_publish=details.may_publish is not False,
            width=height if turned else width,
            height=width if turned else height,
            is_synthetic=details.is_synthetic,
        ),
        suffix=form.suffix,
        display=_jpeg(display, quality=88, subsampling=0),
        thumbnail=_jpeg(thumbnail, quality=80, subsampling=2),
        model_input=squashed,
        dhash=difference_hash(squashed),
        remarks=(*remarks, *colour_remarks),
    )


def fitted(picture: Image.Image, side: int) -> Image.Image:
    """The picture scaled down so that its longest side is at most `side`; itself when it is small enough."""
    longest = max(picture.size)
    if longest <= side:
        return picture
    size = (max(1, round(picture.width * side / longest)), max(1, round(picture.height * side / longest)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def model_input(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """The whole RGB picture squashed to uint8 (256, 256, 3), as the paper resizes: nothing is cropped away."""
    squashed = picture.resize((MODEL_SIDE, MODEL_SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.array(squashed, dtype=np.uint8)


def _opened(data: bytes, form: Format, limits: Limits) -> Image.Image:
    """Read the header only. Sizes beyond the limit are refused here, before any pixel is decoded."""
    formats = ("JPEG", "MPO") if form.name == "JPEG" else (form.name,)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(BytesIO(data), formats=formats)
    except Image.DecompressionBombError as error:
        claimed = 2e-6 * (Image.MAX_IMAGE_PIXELS or 0)
        raise _too_large(limits, f"Its header claims more than {claimed:.0f} million pixels") from error
    except _BROKEN as error:
        raise _damaged(form.name, error) from error


def _size_checked(picture: Image.Image, limits: Limits) -> tuple[int, int, list[Remark]]:
    width, height = picture.size
    if width * height > limits.max_pixels:
        raise _too_large(limits, f"Its header claims {width} x {height} pixels")
    short, long = sorted((width, height))
    if long > limits.max_aspect * short:
        raise Rejected(
            "aspect",
            f"It is a strip of {width} x {height} pixels; at most {limits.max_aspect:g} to 1 is taken.",
            "Cut out a part of it.",
        )
    if short < limits.min_short_side:
        raise Rejected(
            "too_small",
            f"It is too small for the model's 256 x 256 pixels: {width} x {height}, "
            f"and at least {limits.min_short_side} on the short side are needed.",
            "Find a larger reproduction.",
        )
    remarks = []
    if short < MODEL_SIDE:
        remarks.append(
            Remark("small", f"Its short side of {short} pixels is below the model's {MODEL_SIDE}: it is enlarged.")
        )
    if long > WIDE_ASPECT * short:
        remarks.append(
            Remark("wide", f"At {width} x {height} pixels it is much distorted in the model's square input.")
        )
    return width, height, remarks


def _decoded(picture: Image.Image) -> tuple[Image.Image, list[Remark]]:
    """Decode all pixels, turn upright, bring to sRGB on white."""
    name = picture.format or "image"
    try:
        if picture.format == "JPEG":
            picture.draft(None, (DISPLAY_SIDE, DISPLAY_SIDE))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture.load()
            info = picture.info
            upright = ImageOps.exif_transpose(picture)
            upright.info = info
    except Image.DecompressionBombError as error:
        raise Rejected("too_large", "A part of it unpacks to far more than it should.", "Save it anew.") from error
    except _BROKEN as error:
        raise _damaged(name, error) from error
    colour, remarks = to_srgb(upright)
    colour.info = {}
    return colour, remarks


def _jpeg(picture: Image.Image, *, quality: int, subsampling: int) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return buffer.getvalue()


def _too_large(limits: Limits, claim: str) -> Rejected:
    reason = f"{claim}; at most {limits.max_pixels / 1e6:g} million are decoded."
    return Rejected("too_large", reason, "Scale it down.")


def _damaged(name: str, error: Exception) -> Rejected:
    return Rejected("damaged", f"The {name} picture is damaged or cut off ({error}).", "Copy or download it again.")
