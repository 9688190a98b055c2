"""Zip archives, honest and forged: a member's fault costs that member, a lie about the whole costs the archive."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpd_builder.ingest import (
    Candidate,
    Details,
    Limits,
    MetadataError,
    Rejected,
    Source,
    SourceError,
    SourceKind,
    SourceOptions,
    examine,
    open_source,
    opened,
    process_many,
)
from tests.mpd_builder.evil_zips import FIFO, GOOD, LINK, Forged, Member, forged, packed, png


@contextmanager
def unzipping(tmp_path: Path, data: bytes, limits: Limits | None = None, **options: object) -> Iterator[Source]:
    (tmp_path / "scratch").mkdir(exist_ok=True)
    (tmp_path / "it.zip").write_bytes(data)
    chosen = SourceOptions(**options)  # type: ignore[arg-type]
    arguments = {"options": chosen, "limits": limits or Limits(), "scratch": tmp_path / "scratch"}
    with open_source(SourceKind.ZIP, tmp_path / "it.zip", **arguments) as source:  # type: ignore[arg-type]
        yield source
    assert list((tmp_path / "scratch").iterdir()) == []


def outcomes(tmp_path: Path, data: bytes, limits: Limits | None = None) -> dict[str, str]:
    """Each candidate's name with "taken", or the code of what is wrong with it."""
    found = {}
    with unzipping(tmp_path, data, limits) as source:
        for candidate in source.candidates():
            found[candidate.name] = code(candidate)
            source.release(candidate)
        assert source.count() == len(found)
        inside = [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]
        assert inside == []
    assert sorted(os.listdir(tmp_path)) == ["it.zip", "scratch"]
    return found


def code(candidate: Candidate) -> str:
    try:
        examine(candidate, limits=Limits())
    except Rejected as rejected:
        fault = rejected
    else:
        return "taken"
    assert fault.reason.endswith(".")
    assert fault.hint.endswith(".")
    return fault.code


def refused(tmp_path: Path, data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(SourceError) as caught, unzipping(tmp_path, data, limits):
        pass
    assert str(caught.value).startswith(f"{tmp_path / 'it.zip'}: ")
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_members_come_with_their_bytes_and_the_metadata_among_them(tmp_path: Path) -> None:
    first, second = png(), png(300, 200)
    data = packed(
        {
            "a.png": first,
            "deep/b.png": second,
            "all.csv": b"file,title,licence\na.png,First,MIT\ndeep/b.png,Far,MIT\ngone.png,Gone,MIT\n",
            "deep/near.csv": b"file,title\nb.png,Near\n",
            "README.md": b"# notes",
        }
    )
    with unzipping(tmp_path, data, defaults=Details(source="A friend")) as source:
        assert source.count() == 3
        found = {candidate.name: candidate for candidate in source.candidates()}
        assert {name: candidate.details.title for name, candidate in found.items()} == {
            "a.png": "First",
            "deep/b.png": "Near",
            "gone.png": "Gone",
        }
        assert found["a.png"].details.source == "A friend"
        assert found["deep/b.png"].listed_in == "deep/near.csv, line 2"
        for name, expected in (("a.png", first), ("deep/b.png", second)):
            with opened(found[name]) as file:
                assert file.read() == expected
        with pytest.raises(Rejected, match=r"all\.csv, line 4 names it, but it is not in the archive"):
            examine(found["gone.png"], limits=Limits())
        assert [candidate.name for candidate in source.candidates()] == list(found)


def test_only_the_members_under_way_are_on_the_disk(tmp_path: Path) -> None:
    with unzipping(tmp_path, packed({f"{index}.png": png() for index in range(40)})) as source:
        most = 0
        for candidate, outcome in process_many(source.candidates(), limits=Limits(), workers=2):
            assert not isinstance(outcome, Rejected)
            most = max(most, sum(path.is_file() for path in (tmp_path / "scratch").rglob("*")))
            source.release(candidate)
        assert most <= 8


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"../evil.png", {"../evil.png": "unsafe_name"}),
        (b"a/../../evil.png", {"a/../../evil.png": "unsafe_name"}),
        (b"/etc/evil.png", {"etc/evil.png": "unsafe_name"}),
        (b"\\evil.png", {"evil.png": "unsafe_name"}),
        (b"..\\evil.png", {"../evil.png": "unsafe_name"}),
        (b"C:\\evil.png", {"C:/evil.png": "unsafe_name"}),
        (b"c:evil.png", {"c:evil.png": "unsafe_name"}),
        (b"evil.png\0.txt", {"evil.png\ufffd.txt": "unsafe_name"}),
        (b"", {"(no name)": "unsafe_name"}),
        (b"folder\\fine.png", {"folder/fine.png": "taken"}),
        (b"./fine.png", {"fine.png": "taken"}),
        (b"caf\x82.png", {"café.png": "taken"}),
        ("größe.png".encode(), {"größe.png": "taken"}),
        (b"\xff\xfe\x80.png", {"■Ç.png": "taken"}),
        (b"__MACOSX/._a.png", {}),
        (b"a/.DS_Store", {}),
        (b".hidden/a.png", {}),
        (b"a/", {}),
        (b"a\\", {}),
        (b"inner.zip", {"inner.zip": "nested"}),
    ],
)
def test_no_name_leads_out_and_every_name_can_be_read(tmp_path: Path, name: bytes, expected: dict[str, str]) -> None:
    assert outcomes(tmp_path, forged(Member(name, b"not empty"), GOOD)) == {**expected, "good.png": "taken"}


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (Member(b"a.png", b"../../secret", attributes=LINK), "not_a_file"),
        (Member(b"a.png", b"", attributes=FIFO), "not_a_file"),
        (Member(b"a.png", flags=1), "encrypted"),
        (Member(b"a.png", crc=1), "damaged"),
        (Member(b"a.png", b"x" * 90, size=10), "damaged"),
        (Member(b"a.png", b"x" * 90, size=100), "damaged"),
        (Member(b"a.png", b"x" * 90, method=0, size=10, crc=0), "damaged"),
        (Member(b"a.png", local_name=b"b.png"), "damaged"),
        (Member(b"a.png", stored_packed=10**6), "damaged"),
        (Member(b"a.png", stored_packed=0), "damaged"),
        (Member(b"a.png", method=99), "packed"),
        (Member(b"a.png", method=14), "packed"),
        (Member(b"a.png", b"\0" * (33 * 2**20)), "ratio"),
        (Member(b"a.png", size=3 * 2**30), "too_many_bytes"),
        (Member(b"a.png", b""), "empty"),
    ],
)
def test_a_members_fault_costs_that_member(tmp_path: Path, member: Member, expected: str) -> None:
    limits = Limits(max_archive_ratio=200.0, max_archive_bytes=10 * 2**30)
    padding = Member(b"padding.txt", os.urandom(400_000), method=0)
    if member.size == 3 * 2**30:
        padding = replace(padding, data=os.urandom(17 * 2**20))
    assert outcomes(tmp_path, forged(member, GOOD, padding), limits) == {"a.png": expected, "good.png": "taken"}


def test_two_members_with_one_name_are_one_too_many(tmp_path: Path) -> None:
    names = [b"a.png", b"A.PNG", "ä.png".encode(), "a\u0308.png".encode(), b"b.png", b"./b.png"]
    with unzipping(tmp_path, forged(*(Member(name) for name in names))) as source:
        assert [code(candidate) for candidate in source.candidates()] == ["taken", "same_name"] * 3


def test_members_that_overlap_refuse_the_archive(tmp_path: Path) -> None:
    kernel = Member(b"a.png", b"\0" * 10**6)
    copies = [replace(kernel, name=b"b.png", local_name=b"a.png", same_place_as=0)]
    refused(tmp_path, forged(kernel, replace(kernel, same_place_as=0)))
    assert outcomes(tmp_path, forged(kernel, *copies)) == {"a.png": "taken", "b.png": "damaged"}


def test_members_that_quote_each_other_are_refused(tmp_path: Path) -> None:
    """As in the archives of David Fifield: each file's data begin with the next one's header, stored by quotation."""
    inner = Member(b"b.png", b"\0" * 10**6)
    quoted = inner.local()
    block = struct.pack("<BHH", 0, len(quoted), len(quoted) ^ 0xFFFF) + quoted
    whole = quoted + inner.data
    outer = Member(b"a.png", whole, stored_packed=len(block) + len(inner.body))
    at = len(outer.local()) + len(block) - len(quoted)
    start = bytearray(outer.local() + block + inner.body)
    directory = outer.central(0) + inner.central(at)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), len(start), 0)
    data = bytes(start) + directory + end
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.namelist() == ["a.png", "b.png"]
    assert zlib.decompressobj(-15).decompress(data[len(outer.local()) :]) == whole
    assert "overlap" in refused(tmp_path, data)


def test_too_much_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    many = packed({f"{index}.png": b"x" for index in range(11)})
    assert "more than 10 members" in refused(tmp_path, many, Limits(max_archive_members=10))
    huge = forged(*(Member(b"%d.png" % index, size=2**31) for index in range(200)))
    assert "unpacks to more than 200 GB" in refused(tmp_path, huge)
    bomb = packed({f"{index}.png": bytes(10 * 2**20) for index in range(5)})
    assert "times its size" in refused(tmp_path, bomb)
    assert outcomes(tmp_path, packed({"empty.bmp": bytes(2**20)})) == {"empty.bmp": "taken"}


def test_what_is_no_archive_or_not_all_of_one_is_said_so(tmp_path: Path) -> None:
    honest = packed({"a.png": png()})
    assert "cut off" in refused(tmp_path, honest[: len(honest) // 2])
    assert "It is empty" in refused(tmp_path, b"")
    assert "not a zip archive" in refused(tmp_path, png())
    assert "7z archive" in refused(tmp_path, b"7z\xbc\xaf" + bytes(100))
    assert "one part of an archive" in refused(tmp_path, Forged([GOOD], disk=2).data())
    assert "should have 3 entries and has 1" in refused(tmp_path, Forged([GOOD], count=3).data())
    assert "password" in refused(tmp_path, forged(Member(b"a.png", flags=1), Member(b"b.png", flags=1)))
    assert "damaged" in refused(tmp_path, honest[: len(honest) // 2] + honest[len(honest) // 2 + 50 :])
    with pytest.raises(SourceError, match="not there"):
        open_source(
            SourceKind.ZIP, tmp_path / "no.zip", options=SourceOptions(), limits=Limits(), scratch=tmp_path
        ).__enter__()
    with pytest.raises(SourceError, match="is a folder"):
        open_source(SourceKind.ZIP, tmp_path, options=SourceOptions(), limits=Limits(), scratch=tmp_path).__enter__()


def test_archives_of_other_programs_are_read(tmp_path: Path) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("a.png", "w", force_zip64=True) as member:
        member.write(png())
    streamed = Unseekable()
    with zipfile.ZipFile(streamed, "w", zipfile.ZIP_DEFLATED) as archive:  # sizes behind the data
        archive.writestr("a.png", png())
    wide = struct.pack("<2H2Q", 1, 16, len(GOOD.data), len(GOOD.body))
    for data in (
        buffer.getvalue(),
        streamed.getvalue(),
        Forged([replace(GOOD, name=b"a.png")], zip64=True).data(),
        Forged([replace(GOOD, name=b"a.png")], zip64=True, prefix=b"#!/bin/sh\n").data(),
        Forged([replace(GOOD, name=b"a.png")], prefix=b"MZ" + bytes(500), comment=b"PK\x05\x06 a comment").data(),
        Forged([replace(GOOD, name=b"a.png", size=0xFFFFFFFF, stored_packed=0xFFFFFFFF, extra=wide)]).data(),
    ):
        assert outcomes(tmp_path, data) == {"a.png": "taken"}


class Unseekable(BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *args: int) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"list.csv": b"file\n../a.png\n"}, r"^list\.csv, line 2: '\.\./a\.png' leads out"),
        ({"list.csv": "file,title\na.png,Größe\n".encode("latin-1")}, r"^list\.csv, line 2: not UTF-8"),
    ],
)
def test_metadata_that_cannot_be_relied_on_refuse_the_archive(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    with pytest.raises(MetadataError, match=words), unzipping(tmp_path, packed({"a.png": png(), **files})):
        pass


def test_a_damaged_list_refuses_the_archive_and_does_not_leave_the_metadata_out(tmp_path: Path) -> None:
    data = forged(GOOD, Member(b"list.csv", b"file,title\ngood.png,Good\n", crc=1))
    words = r"^list\.csv: It is damaged in the archive: its checksum is wrong"
    with pytest.raises(MetadataError, match=words), unzipping(tmp_path, data):
        pass


# Archives in a folder


def in_folder(tmp_path: Path, **options: object) -> dict[str, Candidate]:
    (tmp_path / "scratch").mkdir(exist_ok=True)
    chosen = SourceOptions(open_archives=True, **options)  # type: ignore[arg-type]
    with open_source(
        SourceKind.FOLDER, tmp_path / "in", options=chosen, limits=Limits(), scratch=tmp_path / "scratch"
    ) as source:
        found = {candidate.name: candidate for candidate in source.candidates()}
        assert source.count() == len(found)
        for candidate in found.values():
            if candidate.fault is None and candidate.path.exists():
                with opened(candidate) as file:
                    assert file.read(4) == b"\x89PNG"
    return found


def test_archives_in_a_folder_are_opened_as_folders_where_that_is_asked(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "x.png").write_bytes(png())
    (tmp_path / "in" / "deep" / "one.ZIP").write_bytes(packed({"a.png": png(), "l.csv": b"file,title\na.png,Inside\n"}))
    (tmp_path / "in" / "deep" / "two.zip").write_bytes(packed({"b.png": png(), "c.png": png(), "d.png": png()}))
    (tmp_path / "in" / "list.csv").write_text(
        "file,title,artist\ndeep/one.ZIP/a.png,Outside,Ann\ndeep/two.zip/b.png,B,Bob\ndeep/c.png,C,Cid\nno.png,,\n"
    )
    found = in_folder(tmp_path, defaults=Details(licence="MIT"))
    assert {name: (item.details.title, item.details.licence) for name, item in found.items()} == {
        "x.png": ("", "MIT"),
        "deep/one.ZIP/a.png": ("Inside", "MIT"),
        "deep/two.zip/b.png": ("B", "MIT"),
        "deep/two.zip/c.png": ("C", "MIT"),
        "deep/two.zip/d.png": ("", "MIT"),
        "no.png": ("", "MIT"),
    }
    assert found["deep/two.zip/c.png"].listed_in == "list.csv, line 4"


def test_an_archive_that_cannot_be_opened_costs_that_archive(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.zip").write_bytes(packed({"a.png": png()})[:-30])
    (tmp_path / "in" / "csv.zip").write_bytes(packed({"a.png": png(), "l.csv": b"file\n../a.png\n"}))
    (tmp_path / "in" / "good.zip").write_bytes(packed({"a.png": png()}))
    (tmp_path / "in" / "link.zip").symlink_to(tmp_path / "in" / "good.zip")
    found = in_folder(tmp_path)
    reasons = {name: candidate.fault.reason for name, candidate in found.items() if candidate.fault}
    assert set(found) == {"bad.zip", "csv.zip", "good.zip/a.png", "link.zip"}
    assert "cut off" in reasons["bad.zip"]
    assert "csv.zip/l.csv, line 2: '../a.png' leads out" in reasons["csv.zip"]
    assert "links are not followed" in reasons["link.zip"]


def test_archives_stay_closed_where_nobody_asked(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed({"a.png": png()}))
    with open_source(
        SourceKind.FOLDER, tmp_path, options=SourceOptions(), limits=Limits(), scratch=tmp_path.parent
    ) as source:
        assert [candidate.name for candidate in source.candidates()] == ["a.zip"]


# Whatever comes


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_damaged_archive_is_refused_or_costs_members_and_never_more(tmp_path: Path, data: st.DataObject) -> None:
    honest = packed({"a.png": png(40, 30), "b/c.png": png(30, 40), "list.csv": b"file,title\na.png,A\n"})
    broken = bytearray(honest)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] ^= data.draw(st.integers(1, 255))
    broken = broken[: data.draw(st.integers(len(broken) // 2, len(broken)))]
    (tmp_path / "scratch").mkdir(exist_ok=True)
    try:
        with unzipping(tmp_path, bytes(broken)) as source:
            n = 0
            for candidate in source.candidates():
                n += 1
                if candidate.fault is None:
                    with opened(candidate) as file:
                        assert zlib.crc32(file.read()) in {
                            zlib.crc32(png(40, 30)),
                            zlib.crc32(png(30, 40)),
                            *crcs(broken),
                        }
            assert n == source.count()
    except (SourceError, MetadataError) as error:
        words = str(error)
    else:
        words = "All is well."
    assert words.endswith(".")
    assert sorted(os.listdir(tmp_path)) == ["it.zip", "scratch"]


def crcs(data: bytes | bytearray) -> set[int]:
    """The checksums that the directory's entries state, wherever they begin."""
    starts = [at for at in range(len(data) - 20) if data[at : at + 4] == b"PK\x01\x02"]
    return {int.from_bytes(data[at + 16 : at + 20], "little") for at in starts}


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=8), st.sampled_from([0, 8]))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_member_of_an_honest_archive_is_a_candidate_with_its_bytes_or_its_name_is_at_fault(
    tmp_path: Path, files: dict[str, bytes], method: int
) -> None:
    members = [Member(name.encode(), data, method=method, flags=0x0800) for name, data in files.items()]
    try:
        with unzipping(tmp_path, forged(*members)) as source:
            for candidate in source.candidates():
                candidate.name.encode()
                if candidate.fault is None:
                    with opened(candidate) as file:
                        assert file.read() in files.values()
                else:
                    assert candidate.fault.code in {"unsafe_name", "same_name", "nested"}
    except MetadataError:
        assert any(name.lower().endswith(".csv") for name in files)
