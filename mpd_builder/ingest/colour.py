"""Any picture that Pillow decodes -> 8-bit sRGB on white. The traps: 16-bit modes, profiles, CMYK, transparency."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from mpd_builder.ingest.items import Rejected, Remark

_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab "}


def to_srgb(picture: Image.Image) -> tuple[Image.Image, list[Remark]]:
    """Return the decoded picture as mode RGB in sRGB, transparency laid on white, and what had to be assumed.

    16-bit grey is scaled from 0..65535 to 0..255 (Pillow's own conversion would clip it to white).
    Raises `Rejected` for modes without a defined range (32-bit integer beyond 16 bits, floating point).
    """
    profile_bytes = picture.info.get("icc_profile")
    colour, alpha = _split_alpha(_eight_bit(picture))
    remarks: list[Remark] = []
    if profile_bytes:
        colour, remarks = _by_profile(colour, profile_bytes)
    if colour.mode == "LAB":
        colour = _transformed(colour, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    rgb = colour if colour.mode == "RGB" else colour.convert("RGB")
    if alpha is None:
        return rgb, remarks
    on_white = Image.new("RGB", rgb.size, "white")
    on_white.paste(rgb, mask=alpha)
    return on_white, remarks


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Bring every mode to 8 bits a channel."""
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode == "F" or (picture.mode == "I" and not _fits_sixteen_bits(picture)):
        raise Rejected(
            "unsupported",
            f"Its pixels are 32-bit numbers without a defined white (mode {picture.mode}).",
            "Save it with 8 or 16 bits a channel.",
        )
    if picture.mode.startswith("I"):
        values = np.asarray(picture).astype(np.uint32)
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    return picture


def _fits_sixteen_bits(picture: Image.Image) -> bool:
    values = np.asarray(picture)
    return bool(values.size and values.min() >= 0 and values.max() <= 65535)


def _split_alpha(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture's colour and its alpha channel. Palettes become RGB; a transparent colour becomes alpha."""
    if picture.mode in ("P", "PA") or (picture.mode in ("RGB", "L") and "transparency" in picture.info):
        transparent = picture.mode == "PA" or "transparency" in picture.info
        picture = picture.convert("RGBA" if transparent else "RGB")
    elif picture.mode in ("RGBa", "La"):
        picture = picture.convert("RGBA" if picture.mode == "RGBa" else "LA")
    elif picture.mode in ("RGBX", "YCbCr", "HSV"):
        picture = picture.convert("RGB")
    if picture.mode == "RGBA":
        return picture.convert("RGB"), picture.getchannel("A")
    if picture.mode == "LA":
        return picture.getchannel("L"), picture.getchannel("A")
    return picture, None


def _by_profile(picture: Image.Image, profile_bytes: bytes) -> tuple[Image.Image, list[Remark]]:
    """Apply the embedded ICC profile; when it cannot be applied, take the picture as it is and say so."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(profile_bytes))
        name = ImageCms.getProfileDescription(profile).strip()
        space = profile.profile.xcolor_space
        if picture.mode == "L" and space == "RGB ":
            picture = picture.convert("RGB")
        if space != _SPACES.get(picture.mode):
            reason = (
                f"Its colour profile ({name}) is for {space.strip()}, its pixels are {picture.mode}; profile ignored."
            )
            return picture, [Remark("profile", reason, "Check the colours.")]
        if space == "RGB " and name.startswith("sRGB"):
            return picture, []
        return _transformed(picture, profile), []
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        return picture, [
            Remark("profile", f"Its colour profile is damaged ({error}); taken as sRGB.", "Check the colours.")
        ]


def _transformed(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(picture, profile, _srgb(), outputMode="RGB")
    if converted is None:
        raise ImageCms.PyCMSError("the profile gave no picture")
    return converted


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
