"""Pictures: limits, colour, orientation, and what is kept of them."""

from __future__ import annotations

import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from mpd_builder.ingest import Candidate, Details, Limits, Rejected, process
from tests.mpd_builder.media_files import as_painting, gradient, write_picture


def shown(data: bytes) -> np.ndarray:
    with Image.open(BytesIO(data)) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        return np.asarray(picture).astype(int)


def rejection(path: Path, limits: Limits | None = None) -> Rejected:
    with pytest.raises(Rejected) as caught:
        process(Candidate(path, path.name), limits=limits or Limits())
    return caught.value


def test_a_painting_carries_its_metadata_identity_and_size(tmp_path: Path) -> None:
    details = Details(title="Night", artist="Ann", year="1650", style="Baroque", source="Museum", licence="CC0-1.0")
    checked = as_painting(write_picture(tmp_path / "a.jpg"), details)
    painting = checked.painting
    assert painting.id == f"p_{painting.sha256[:16]}"
    assert (painting.title, painting.artist, painting.year, painting.style) == ("Night", "Ann", "1650", "Baroque")
    assert (painting.width, painting.height, painting.licence) == (320, 288, "CC0-1.0")
    assert checked.suffix == ".png"
    assert checked.remarks == ()


def test_display_and_thumbnail_are_bounded_and_carry_no_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    path = write_picture(tmp_path / "a.jpg", gradient(2000, 1000), form="JPEG", exif=exif, comment=b"secret")
    checked = as_painting(path)
    for data, size in ((checked.display, (1600, 800)), (checked.thumbnail, (320, 160))):
        with Image.open(BytesIO(data)) as picture:
            assert picture.size == size
            assert not picture.getexif()
            assert not set(picture.info) & {"comment", "exif", "icc_profile"}


def test_the_model_sees_the_whole_picture_squashed_to_a_square(tmp_path: Path) -> None:
    seen = as_painting(write_picture(tmp_path / "a.png", gradient(700, 300))).model_input
    assert seen.shape == (256, 256, 3)
    assert seen.dtype == np.uint8
    assert seen[128, 0, 0] < 3
    assert seen[128, 255, 0] > 252
    assert seen[0, 128, 1] < 3
    assert seen[255, 128, 1] > 252


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    upright = gradient(400, 300)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    checked = as_painting(write_picture(tmp_path / "a.jpg", stored, form="JPEG", quality=95, exif=exif))
    assert (checked.painting.width, checked.painting.height) == (400, 300)
    np.testing.assert_allclose(checked.model_input, np.asarray(upright.resize((256, 256))), atol=8)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    levels = np.tile(np.linspace(0, 65535, 300).astype(np.uint16), (300, 1))
    checked = as_painting(write_picture(tmp_path / "a.png", Image.fromarray(levels)))
    row = shown(checked.display)[150]
    np.testing.assert_allclose(row[:, 0], np.linspace(0, 255, 300), atol=2)
    assert (row[:, 0] == row[:, 1]).all()


@pytest.mark.parametrize("byte_order", ["<u2", ">u2"])
def test_sixteen_bit_tiff_of_either_byte_order_is_scaled_alike(tmp_path: Path, byte_order: str) -> None:
    levels = np.tile(np.linspace(0, 65535, 300), (300, 1)).astype(byte_order)
    mode = "I;16" if byte_order == "<u2" else "I;16B"
    write_picture(tmp_path / "a.tif", Image.frombytes(mode, (300, 300), levels.tobytes()), form="TIFF")
    np.testing.assert_allclose(
        shown(as_painting(tmp_path / "a.tif").display)[150, :, 0], np.linspace(0, 255, 300), atol=2
    )


def test_floating_point_pixels_are_refused_with_a_cure(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.tif", Image.fromarray(np.ones((300, 300), dtype=np.float32)), form="TIFF")
    refused = rejection(tmp_path / "a.tif")
    assert (refused.code, refused.hint) == ("unsupported", "Save it with 8 or 16 bits a channel.")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(tmp_path: Path, mode: str) -> None:
    picture = Image.new("RGBA", (300, 300), (10, 20, 30, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 150, 300))
    path = write_picture(tmp_path / "a.png", picture.convert(mode))
    pixels = shown(as_painting(path).display)
    assert (pixels[150, 290] > 250).all()
    assert (pixels[150, 10] < 5).all()


def test_an_embedded_profile_is_brought_to_srgb(tmp_path: Path) -> None:
    # A profile whose red and green change places: the pixels (200, 40, 40) then mean what sRGB calls (40, 200, 40).
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.find(b"rXYZ", 128), data.find(b"gXYZ", 128)
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    data[data.find(b"s\0R\0G\0B") : data.find(b"s\0R\0G\0B") + 8] = b"x\0x\0x\0x\0"
    path = write_picture(tmp_path / "a.png", Image.new("RGB", (300, 300), (200, 40, 40)), icc_profile=bytes(data))
    np.testing.assert_allclose(shown(as_painting(path).display)[150, 150], (40, 200, 40), atol=6)


def test_a_damaged_profile_is_ignored_and_said_so(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", icc_profile=b"no profile at all" * 20)
    checked = as_painting(path)
    assert [remark.code for remark in checked.remarks] == ["profile"]
    np.testing.assert_allclose(shown(checked.display), np.asarray(gradient()).astype(int), atol=12)


def test_cmyk_is_not_inverted(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.jpg", gradient().convert("CMYK"), form="JPEG", quality=95)
    np.testing.assert_allclose(shown(as_painting(path).display), np.asarray(gradient()).astype(int), atol=14)


def test_of_an_animation_the_first_picture_is_taken_and_said_so(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    checked = as_painting(tmp_path / "a.gif")
    assert [remark.code for remark in checked.remarks] == ["frames"]
    np.testing.assert_allclose(checked.model_input[100, 100], (255, 0, 0), atol=2)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
def test_a_file_cut_off_anywhere_is_refused_or_whole_but_never_half(tmp_path: Path, form: str) -> None:
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 255, (260, 260, 3), dtype=np.uint8))
    whole = write_picture(tmp_path / "whole", noise, form=form).read_bytes()
    for share in (0.02, 0.2, 0.5, 0.9):
        path = tmp_path / "cut"
        path.write_bytes(whole[: int(len(whole) * share)])
        refused = rejection(path)
        assert refused.code == "damaged"
        assert form in refused.reason


@pytest.mark.parametrize(
    ("size", "code"), [((127, 300), "too_small"), ((128, 300), None), ((1032, 128), "aspect"), ((1024, 128), None)]
)
def test_size_and_aspect_have_limits(tmp_path: Path, size: tuple[int, int], code: str | None) -> None:
    path = write_picture(tmp_path / "a.png", gradient(*size))
    if code:
        assert rejection(path).code == code
    else:
        assert "small" in {remark.code for remark in as_painting(path).remarks}


def test_pixels_beyond_the_limit_are_refused_by_the_header_alone(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", gradient(400, 300))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b""  # the pixels are not all there: only the header can be the reason
    path.write_bytes(data)
    refused = rejection(path, Limits(max_pixels=100_000))
    assert refused.code == "too_large"
    assert "claims 400 x 300 pixels" in refused.reason


def test_bytes_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    assert (
        rejection(write_picture(tmp_path / "a.bmp", form="BMP"), Limits(max_picture_bytes=1000)).code
        == "too_many_bytes"
    )


def test_a_claim_of_billions_of_pixels_costs_no_memory(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png")
    data = bytearray(path.read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    script = (
        "import resource, sys; from pathlib import Path; from mpd_builder.ingest import *\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "try: process(Candidate(Path(sys.argv[1]), 'a'), limits=Limits())\n"
        "except Rejected as rejected: print(rejected.code, peak() - before)\n"
    )
    run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    code, grown_kib = run.stdout.split()
    assert code == "too_large"
    assert int(grown_kib) < 8_000


def test_the_same_bytes_give_the_same_bytes(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", gradient(500, 400))
    one, two = as_painting(path), as_painting(path)
    assert (one.display, one.thumbnail, one.dhash) == (two.display, two.thumbnail, two.dhash)
    assert (one.model_input == two.model_input).all()


def test_the_hash_of_a_smaller_brighter_copy_is_near_and_of_another_picture_far(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    first, other = (
        Image.fromarray(rng.integers(0, 200, (6, 6, 3), dtype=np.uint8)).resize((600, 500), Image.Resampling.BICUBIC)
        for _ in range(2)
    )
    copy = first.resize((300, 250)).point(lambda value: value + 20)
    hashes = [
        int(as_painting(write_picture(tmp_path / f"{index}.png", picture)).dhash, 16)
        for index, picture in enumerate((first, copy, other))
    ]
    assert (hashes[0] ^ hashes[1]).bit_count() <= 12
    assert (hashes[0] ^ hashes[2]).bit_count() >= 60
