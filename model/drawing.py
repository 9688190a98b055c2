"""Maps laid over a painting, as one row of panels: PNG and SVG. Needs no torch.

Shapes: S side of the painting in pixels, G patches along a side.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

GAP, CAPTION, FONT_PX, OPACITY = 8, 34, 12, 0.6
_RAMP = np.array([(24, 20, 60), (98, 32, 112), (184, 55, 96), (240, 112, 52), (252, 196, 80), (252, 252, 200)])


@dataclass(frozen=True, slots=True)
class Panel:
    """A map (G, G) under its title. Drawn from its own least to its own greatest value; the caption gives both."""

    title: str
    values: Floats

    @property
    def caption(self) -> str:
        return f"{self.values.min():.3g} to {self.values.max():.3g}"


def ramp(values: Floats) -> Bytes:
    """Values as colours (..., 3), dark for the least and light for the greatest; a constant is all dark."""
    spread = values.max() - values.min()
    place = (values - values.min()) / spread * (len(_RAMP) - 1) if spread > 0 else np.zeros_like(values)
    channels = [np.interp(place, np.arange(len(_RAMP)), _RAMP[:, channel]) for channel in range(3)]
    colours: Bytes = np.stack(channels, axis=-1).round().astype(np.uint8)
    return colours


def png(painting_SS3: Bytes, panels: Sequence[Panel]) -> bytes:
    """The painting, then each map over it, smoothed between the patches."""
    side = painting_SS3.shape[0]
    picture = Image.fromarray(painting_SS3)
    sheet = Image.new("RGB", ((side + GAP) * (len(panels) + 1) - GAP, side + CAPTION), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_PX)
    sheet.paste(picture, (0, 0))
    for place, panel in enumerate(panels, start=1):
        smooth = Image.fromarray(ramp(panel.values)).resize((side, side), Image.Resampling.BILINEAR)
        left = place * (side + GAP)
        sheet.paste(Image.blend(picture, smooth, OPACITY), (left, 0))
        for line, text in enumerate((panel.title, panel.caption)):
            draw.text((left, side + 3 + line * (FONT_PX + 3)), text, fill="black", font=font)
    return _encoded(sheet)


def svg(painting_SS3: Bytes, panels: Sequence[Panel], *, title: str) -> str:
    """The same as vectors: the painting once, each map as one square a patch."""
    side = painting_SS3.shape[0]
    width, height = (side + GAP) * (len(panels) + 1) - GAP, side + CAPTION
    picture = base64.b64encode(_encoded(Image.fromarray(painting_SS3))).decode("ascii")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="{FONT_PX}">',
        f"<title>{escape(title)}</title>",
        f'<defs><image id="painting" width="{side}" height="{side}" href="data:image/png;base64,{picture}"/></defs>',
        '<use href="#painting"/>',
    ]
    for place, panel in enumerate(panels, start=1):
        parts.append(f'<g transform="translate({place * (side + GAP)} 0)"><use href="#painting"/>')
        parts.append(_squares(panel, side))
        for line, text in enumerate((panel.title, panel.caption)):
            parts.append(f'<text y="{side + 14 + line * (FONT_PX + 3)}">{escape(text)}</text>')
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _squares(panel: Panel, side: int) -> str:
    colours, step = ramp(panel.values), side / panel.values.shape[0]
    squares = [
        f'<rect x="{column * step:g}" y="{row * step:g}" width="{step:g}" height="{step:g}" '
        f'fill="#{red:02x}{green:02x}{blue:02x}"/>'
        for row, line in enumerate(colours)
        for column, (red, green, blue) in enumerate(line)
    ]
    return f'<g fill-opacity="{OPACITY}" shape-rendering="crispEdges">{"".join(squares)}</g>'


def _encoded(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
