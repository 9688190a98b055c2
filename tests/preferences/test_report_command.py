"""`manage.py preferences`: the report on the command line, in words and as JSON."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from annotation_site.preferences.management.commands.preferences import Command
from annotation_site.preferences.report.computing import report_compute
from annotation_site.preferences.report.numbers import report_as_dict
from tests.conftest import NOON
from tests.preferences.worked import Worked, worked_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked() -> Worked:
    return worked_campaign()


def test_json_holds_every_number(worked: Worked, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("preferences", "--json")
    told = json.loads(capsys.readouterr().out)
    fresh = report_as_dict(report=report_compute(campaign=worked.campaign, now=NOON))
    del told["computed_at"], fresh["computed_at"]
    assert told == json.loads(json.dumps(fresh))
    assert told["transitivity"]["by_chance"] == 0.25
    assert len(told["scales"]["queries"]) == 2


def test_words_say_what_the_page_says(worked: Worked, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("preferences", "--campaign", "winter")
    printed = capsys.readouterr().out
    assert "winter: 7 tasks, 20 votes" in printed
    assert "Krippendorff's alpha: 0.415" in printed
    assert f"{worked.raters[0].code} chooses left more often than chance allows: 100 % of 7." in printed
    assert "Of 2 triads, 1 is a cycle (50.0 %)." in printed


def test_what_is_wrong_is_said_in_one_line(worked: Worked) -> None:
    with pytest.raises(CommandError, match=r"^There is no campaign 'spring'; there are: winter\.$") as refused:
        call_command("preferences", "--campaign", "spring")
    assert refused.value.returncode == 1


def test_without_any_campaign_it_says_what_to_do(db: None) -> None:
    with pytest.raises(CommandError, match="make one in the admin panel"):
        call_command("preferences")


def test_wrong_use_ends_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "preferences", "--nonsense"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --nonsense" in capsys.readouterr().err
