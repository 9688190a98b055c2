"""The published collections, in layouts made on the spot: WikiArt, AACP, DEAM."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

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
)
from mpd_builder.ingest.sources.wikiart import read_file_name

FIVE = ("Art_Nouveau_Modern", "Abstract_Expressionism", "Baroque", "Analytical_Cubism", "Action_painting")


def touch(root: Path, *names: str, text: str = "x") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(kind: SourceKind, root: Path, options: SourceOptions | None = None) -> dict[str, Candidate]:
    with open_source(kind, root, options=options or SourceOptions(), limits=Limits(), scratch=root.parent) as source:
        candidates = {candidate.name: candidate for candidate in source.candidates()}
        assert source.count() == len(candidates)
        return candidates


# WikiArt


@pytest.mark.parametrize(
    ("stem", "artist", "title", "year"),
    [
        ("vincent-van-gogh_starry-night-1889", "Vincent van Gogh", "Starry night", "1889"),
        ("edgar-degas_before-the-ballet-detail-1892-1", "Edgar Degas", "Before the ballet detail", "1892"),
        ("pablo-picasso_female-nude", "Pablo Picasso", "Female nude", ""),
        ("rembrandt_the-three-crosses-1653", "Rembrandt", "The three crosses", "1653"),
        ("peter-paul-rubens_honeysuckle-bower-1609-1610", "Peter Paul Rubens", "Honeysuckle bower", "1609-1610"),
        ("eva-hesse_odyssey-2001-1968", "Eva Hesse", "Odyssey 2001", "1968"),
        ("tarsila-do-amaral_abaporu-1928(1)", "Tarsila do Amaral", "Abaporu", "1928"),
        ("william-h.-johnson_moon-over-harlem-1944(1)", "William H. Johnson", "Moon over harlem", "1944"),
        ("a.y.-jackson_skeena-crossing-1926", "A.Y. Jackson", "Skeena crossing", "1926"),
        ("david-teniers-the-younger_the-alchemist", "David Teniers the Younger", "The alchemist", ""),
        ("roger-de-la-fresnaye_seated-man-1914", "Roger de la Fresnaye", "Seated man", "1914"),
        ("henry-herbert-la-thangue_a-stream-1903", "Henry Herbert La Thangue", "A stream", "1903"),
        ("van-dyck_a-portrait", "Van Dyck", "A portrait", ""),
        ("kathe-kollwitz_not_detected_235973", "Kathe Kollwitz", "Unknown title", ""),
        ("lynd-ward_not-detected-272492", "Lynd Ward", "Unknown title", ""),
        ("seraphine-louis_unknown-title-5", "Seraphine Louis", "Unknown title", ""),
        ("max-bill_unknown-title-1928", "Max Bill", "Unknown title", "1928"),
        ("joaqu\u00e3\u00adn-sorolla_my-family-1901", "Joaquín Sorolla", "My family", "1901"),
        ("gr\u00e3\u00a9goire-michonze_in-the-village-1978", "Grégoire Michonze", "In the village", "1978"),
        ("eliseu-visconti_selo-100-reis", "Eliseu Visconti", "Selo 100 reis", ""),
        ("frank-stella_tuxedo-park-11960", "Frank Stella", "Tuxedo park 11960", ""),
        ("salvador-dali_1912", "Salvador Dali", "1912", "1912"),
        ("a_b_c-1900", "A", "B c", "1900"),
        ("scan0001", "", "Scan0001", ""),
        ("_", "", "Unknown title", ""),
    ],
)
def test_artist_title_and_year_are_read_from_names_as_they_are(stem: str, artist: str, title: str, year: str) -> None:
    assert read_file_name(stem) == Details(artist=artist, title=title, year=year)


def test_the_papers_five_styles_come_and_no_others(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{style}/ann-b_c-1900.jpg" for style in (*FIVE, "Realism")))
    candidates = found(SourceKind.WIKIART, tmp_path)
    assert list(candidates) == [
        f"{style}/ann-b_c-1900.jpg"
        for style in ("Art_Nouveau_Modern", "Abstract_Expressionism", "Baroque", "Analytical_Cubism", "Action_painting")
    ]
    details = candidates["Action_painting/ann-b_c-1900.jpg"].details
    assert (details.style, details.artist, details.title, details.year) == ("Action Painting", "Ann B", "C", "1900")
    assert (details.collection, details.may_publish) == ("WikiArt", False)


@pytest.mark.parametrize("asked", ["Art Nouveau (Modern)", "art_nouveau_modern", "ART NOUVEAU MODERN"])
def test_styles_are_found_however_they_are_written_and_in_a_folder_further_down(tmp_path: Path, asked: str) -> None:
    touch(tmp_path, "wikiart/Art_Nouveau_Modern/a_b-1900.jpg", "wikiart/Realism/a_b-1900.jpg", "notes/read.me")
    assert list(found(SourceKind.WIKIART, tmp_path, SourceOptions(styles=(asked,)))) == [
        "wikiart/Art_Nouveau_Modern/a_b-1900.jpg"
    ]


def test_without_chosen_styles_all_come(tmp_path: Path) -> None:
    touch(tmp_path, "Baroque/a_b-1700.jpg", "Ukiyo_e/a_b-1800.jpg")
    candidates = found(SourceKind.WIKIART, tmp_path, SourceOptions(styles=()))
    assert [candidate.details.style for candidate in candidates.values()] == ["Baroque", "Ukiyo e"]


def test_a_style_that_is_not_there_is_an_error_that_lists_what_is(tmp_path: Path) -> None:
    touch(tmp_path, "Baroque/a.jpg", "Realism/a.jpg")
    with pytest.raises(SourceError, match=r"no folder for Cubism\. There are: Baroque, Realism\. Choose"):
        found(SourceKind.WIKIART, tmp_path, SourceOptions(styles=("Baroque", "Cubism")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no folders in it"):
        found(SourceKind.WIKIART, tmp_path / "empty")


def test_lists_choose_the_files_and_say_their_part(tmp_path: Path) -> None:
    root = tmp_path / "wikiart"
    touch(
        root, "Baroque/a_b-1700.jpg", "Baroque/c_d-1701.jpg", "Baroque/gr\u00e3\u00a9_x.jpg", "Baroque/not-listed.jpg"
    )
    touch(tmp_path, "style_train.csv", text="Baroque/a_b-1700.jpg,4\nRealism/z_z.jpg,21\nBaroque/gré_x.jpg,4\n")
    touch(tmp_path, "style_val.csv", text="Baroque/c_d-1701.jpg,4\r\nBaroque/gone_e-1702.jpg,4\r\n")
    lists = (tmp_path / "style_train.csv", tmp_path / "style_val.csv")
    candidates = found(SourceKind.WIKIART, root, SourceOptions(styles=("Baroque",), lists=lists))
    parts = {name: candidate.details.extras.get("wikiart_split") for name, candidate in candidates.items()}
    assert parts == {
        "Baroque/a_b-1700.jpg": "train",
        "Baroque/c_d-1701.jpg": "val",
        "Baroque/gr\u00e3\u00a9_x.jpg": "train",
        "Baroque/gone_e-1702.jpg": None,
    }
    with pytest.raises(Rejected, match=r"style_val\.csv, line 2 names it, but it is not there"):
        examine(candidates["Baroque/gone_e-1702.jpg"], limits=Limits())


def test_a_list_that_is_none_is_said_so(tmp_path: Path) -> None:
    touch(tmp_path, "wikiart/Baroque/a.jpg")
    touch(tmp_path, "list.csv", text="Baroque/a.jpg,4\nfile;style\n")
    for path, words in ((tmp_path / "list.csv", r"list\.csv, line 2: 'file;style' is not"), (tmp_path / "no", "read")):
        with pytest.raises(MetadataError, match=words):
            found(SourceKind.WIKIART, tmp_path / "wikiart", SourceOptions(styles=("Baroque",), lists=(path,)))


def test_what_a_person_states_holds_before_the_collections_own(tmp_path: Path) -> None:
    touch(tmp_path, "Baroque/a_b-1700.jpg")
    defaults = Details(source="Our scans", licence="CC0-1.0", may_publish=True)
    (candidate,) = found(SourceKind.WIKIART, tmp_path, SourceOptions(styles=("Baroque",), defaults=defaults)).values()
    details = candidate.details
    assert (details.collection, details.source, details.licence, details.may_publish) == (
        "WikiArt",
        "Our scans",
        "CC0-1.0",
        True,
    )


def test_a_linked_style_folder_is_not_entered(tmp_path: Path) -> None:
    touch(tmp_path, "outside/a_b-1700.jpg", "wikiart/Realism/a_b-1700.jpg")
    (tmp_path / "wikiart" / "Baroque").symlink_to(tmp_path / "outside")
    with pytest.raises(SourceError, match="no folder for Baroque"):
        found(SourceKind.WIKIART, tmp_path / "wikiart", SourceOptions(styles=("Baroque",)))


# AACP


def test_childrens_paintings_come_with_their_scores(tmp_path: Path) -> None:
    touch(tmp_path, "images/1.jpg", "images/2.jpg", "images/deeper/drawing.png")
    touch(
        tmp_path,
        "scores.csv",
        text="picture,Theme,Colour\n1,3,4\n2.jpg,5,\nnowhere,1,1\nimages/deeper/drawing.png,2,2\n",
    )
    candidates = found(SourceKind.AACP, tmp_path)
    assert {name: dict(candidate.details.extras) for name, candidate in candidates.items()} == {
        "images/1.jpg": {"theme": "3", "colour": "4"},
        "images/2.jpg": {"theme": "5"},
        "images/deeper/drawing.png": {"theme": "2", "colour": "2"},
    }
    details = candidates["images/1.jpg"].details
    assert (details.collection, details.style, details.may_publish) == ("AACP", "Children's painting", False)


def test_tables_about_something_else_and_several_rows_a_picture_give_no_scores(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "2.jpg")
    touch(tmp_path, "experts.csv", text="expert,age\nann,1\nbob,44\ncid,50\n")
    touch(tmp_path, "each.csv", text="name,expert,score\n1,a,3\n1,b,5\n2,a,4\n")
    candidates = found(SourceKind.AACP, tmp_path)
    assert [dict(candidate.details.extras) for candidate in candidates.values()] == [{}, {"expert": "a", "score": "4"}]


def test_ordinary_metadata_count_in_a_collection_too(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg")
    touch(tmp_path, "list.csv", text="file,title,licence\n1.jpg,The sun,CC-BY-4.0\n")
    (candidate,) = found(SourceKind.AACP, tmp_path).values()
    assert (candidate.details.title, candidate.details.licence) == ("The sun", "CC-BY-4.0")
    assert candidate.details.style == "Children's painting"


# DEAM

FIRST = "song_id, valence_mean, valence_std, arousal_mean, arousal_std\n2,3.1,0.94,3,0.63\n3,3.5,1.75,3.3,1.62\n"
SECOND = "song_id, valence_mean, valence_std, valence_ max_mean, arousal_mean\n2001,3.2,0.98,5.0,6.6\n"
M2013 = (
    "song_id,file_name,Artist,Song title,start,end,Genre\n"
    '2,"\t2.mp3","The Troubadours\t","\tA Lonely Century\t",1,2,"\tBlues\t"\n'
)
M2014 = "Id,Artist,Album,Track,Genre,seg start,seg end,,\n1001,A Band,An Album,Weatherman,Rock-Blues,0,45,melancholy,\n"
M2015 = "id,Filename,title,artist,album,genre\n2001,x.mp3,Old Tree,Creepoid,n/a,Rock,indie,loud\n"


def deam(root: Path) -> None:
    touch(root, "MEMD_audio/2.mp3", "MEMD_audio/1001.mp3", "2001.mp3", "audio/9999.mp3", "audio/intro.mp3")
    annotations = "annotations/annotations averaged per song/song_level"
    touch(root, f"{annotations}/static_annotations_averaged_songs_1_2000.csv", text=FIRST)
    touch(root, f"{annotations}/static_annotations_averaged_songs_2000_2058.csv", text=SECOND)
    for year, text in (("2013", M2013), ("2014", M2014), ("2015", M2015)):
        touch(root, f"metadata/metadata_{year}.csv", text=text)


def test_songs_are_joined_with_their_ratings_and_metadata_by_number(tmp_path: Path) -> None:
    deam(tmp_path)
    candidates = found(SourceKind.DEAM, tmp_path)
    first, second = candidates["MEMD_audio/2.mp3"].details, candidates["2001.mp3"].details
    assert (first.title, first.artist, first.genre) == ("A Lonely Century", "The Troubadours", "Blues")
    assert (first.valence, first.arousal, dict(first.extras)) == (
        3.1,
        3.0,
        {"valence_std": "0.94", "arousal_std": "0.63"},
    )
    assert (first.collection, first.may_publish) == ("DEAM", False)
    assert (second.title, second.artist, second.genre, second.valence) == ("Old Tree", "Creepoid", "Rock", 3.2)
    assert dict(second.extras) == {"valence_std": "0.98", "valence_max_mean": "5.0"}
    third = candidates["MEMD_audio/1001.mp3"].details
    assert (third.title, third.artist, third.genre, third.valence) == ("Weatherman", "A Band", "Rock-Blues", None)
    assert dict(third.extras) == {"album": "An Album"}


def test_songs_without_ratings_come_and_ratings_without_audio_are_one_remark(tmp_path: Path) -> None:
    deam(tmp_path)
    assert {"audio/9999.mp3", "audio/intro.mp3"} <= set(found(SourceKind.DEAM, tmp_path))
    with opened_source(SourceKind.DEAM, tmp_path) as source:
        (remark,) = source.remarks()
    assert "1 of the 3 rated songs have no audio here: 3." in remark.reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "song_id, valence_mean, arousal_mean\n2,9.5,3\n",
            r"1_2000\.csv, line 2: valence_mean is '9\.5', not a number",
        ),
        ("song_id, valence_mean, arousal_mean\n2,5,\n", r"line 2: arousal_mean is ''"),
        ("song_id, valence_mean, arousal_mean\nx,5,5\n", r"line 2: the song's number is missing"),
        ("song_id, valence\n2,5\n", r"columns song_id, valence_mean and arousal_mean are not all there"),
    ],
)
def test_ratings_that_are_none_are_said_so(tmp_path: Path, text: str, words: str) -> None:
    touch(tmp_path, "2.mp3")
    touch(tmp_path, "static_annotations_averaged_songs_1_2000.csv", text=text)
    with pytest.raises(MetadataError, match=words):
        found(SourceKind.DEAM, tmp_path)


def test_the_published_ratings_are_all_read(shared_corpus: Path) -> None:
    with opened_source(SourceKind.DEAM, shared_corpus / "annotations" / "deam") as source:
        assert source.count() == 0
        (remark,) = source.remarks()
    assert "1802 of the 1802 rated songs have no audio here: 2, 3, 4, 5, 7 and so on." in remark.reason


def opened_source(kind: SourceKind, root: Path) -> AbstractContextManager[Source]:
    return open_source(kind, root, options=SourceOptions(), limits=Limits(), scratch=root.parent)


def test_every_source_keeps_the_contract(tmp_path: Path) -> None:
    deam(tmp_path)
    with opened_source(SourceKind.FOLDER, tmp_path) as folder, opened_source(SourceKind.DEAM, tmp_path) as songs:
        sources: tuple[Source, ...] = (folder, songs)
        for source in sources:
            names = [candidate.name for candidate in source.candidates()]
            assert names == [candidate.name for candidate in source.candidates()]
            assert source.count() == len(names) == 5
