"""No byte of a snapshot tells who somebody is: not as it lies on disk, nor in any value that its tables hold."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management.color import no_style
from django.db import connection

from annotation_site.accounts.models import Rater, RaterState, User
from annotation_site.scoring.models import Campaign, Rating
from annotation_site.scoring.services import rater_withdraw
from annotation_site.snapshots.exporting import export_campaign
from mpd_builder.snapshot import MediaChoice, Recipe
from tests.conftest import NOON
from tests.factories import make_admin, make_rater
from tests.snapshots.fixed_campaign import CODES, fixed_campaign, items

pytestmark = pytest.mark.django_db

FIRST_ID = 700_000_001
"""Database ids begin here: no count, size or pixel of a small snapshot looks like one."""


def personal_rater(number: int, code: str) -> Rater:
    rater = make_rater(
        f"zyxlogin{number}",
        code=code,
        role="artist" if number else "graduate",
        discipline=f"Qzdiscipline{number}",
        training_years=61 + number,
        background=f"Qzbackground{number}",
    )
    User.objects.filter(pk=rater.user_id).update(
        first_name=f"Qzvorname{number}", last_name=f"Qznachname{number}", email=f"qzmail{number}@qzhost.example"
    )
    rater.user.refresh_from_db()
    return rater


@pytest.fixture
def told(tmp_path: Path) -> tuple[Path, list[Rater], Rater]:
    """A snapshot by six raters with outspoken names, and one who withdrew."""
    User.objects.create(pk=FIRST_ID, username="zyxfirst")
    make_rater("zyxsecond", pk=FIRST_ID)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [User, Rater]):
            cursor.execute(statement)
    raters = [personal_rater(number, code) for number, code in enumerate(CODES)]
    gone = personal_rater(9, "withdrawn-1")
    make_admin("zyxadmin")
    fixed_campaign(items(), raters, Random(1))
    Rating.objects.update(evidence={"viewport_px": [1493, 867], "clips": {"clip": {"plays": 1}}, "note": "Qznote"})
    rater_withdraw(rater=gone, now=NOON)
    assert Rater.objects.get(pk=gone.pk).state == RaterState.WITHDRAWN
    export_campaign(
        campaign=Campaign.objects.get(),
        recipe=Recipe("tables", media=MediaChoice.NONE, arrays=False),
        out_dir=tmp_path / "s",
        created_on=datetime(2026, 4, 1, tzinfo=UTC).date(),
        progress=lambda *told: None,
    )
    return tmp_path / "s", raters, gone


def everything_in(folder: Path) -> str:
    """All bytes, those of archives unpacked, and all values and metadata of all tables."""
    texts = []
    for place in sorted(folder.rglob("*")):
        if not place.is_file():
            continue
        content = place.read_bytes()
        texts.append(f"{place.relative_to(folder)}\n{content.decode('latin-1')}")
        if place.suffix == ".gz":
            texts.append(gzip.decompress(content).decode("latin-1"))
        if place.suffix == ".parquet":
            table: pa.Table = pq.read_table(place)
            texts += [str(pq.read_metadata(place).metadata), str(table.schema)]
            texts += [str(value) for column in table.columns for value in column.to_pylist()]
    return "\n".join(texts)


def test_names_mails_and_logins_are_in_no_byte(told: tuple[Path, list[Rater], Rater]) -> None:
    folder, raters, gone = told
    text = everything_in(folder).lower()
    for user in User.objects.all():
        for word in (user.username, user.email, user.first_name, user.last_name, user.password):
            assert not word or word.lower() not in text
    assert "qz" not in text  # nor what they said of themselves in their own words, nor what a browser added
    assert "zyx" not in text
    assert gone.code not in text
    assert all(rater.code.lower() in text for rater in raters)  # the pseudonyms are there: so it was looked at


def test_no_key_of_the_database_is_in_any_table(told: tuple[Path, list[Rater], Rater]) -> None:
    """Ids of accounts, and the keys by which browsers sent their answers."""
    folder, raters, _ = told
    text = everything_in(folder)
    for rater in raters:
        assert min(rater.user_id, rater.pk) > FIRST_ID
        assert str(rater.user_id) not in text
        assert str(rater.pk) not in text
    for key in Rating.objects.values_list("key", flat=True):
        assert str(key) not in text
        assert key.hex not in text


def test_an_answer_that_few_gave_and_the_hour_of_work_are_not_told(told: tuple[Path, list[Rater], Rater]) -> None:
    folder, _, _ = told
    text = everything_in(folder)
    for word in ("graduate", "23:30", "1493"):
        assert word not in text
    names = pq.read_schema(folder / "data" / "ratings.parquet").names
    assert not {"created_at", "rated_on", "day", "week", "evidence", "viewport_px"} & set(names)
