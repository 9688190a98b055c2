"""Settings from the environment: a wrong one stops the start in words."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from annotation_site.environment import one_of, rate, whole_number


def test_what_is_not_set_is_the_first_choice_or_the_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ATELIER_A", " ")
    assert one_of("ATELIER_A", ("admins", "raters")) == "admins"
    assert rate("ATELIER_A", "30/hour") == "30/hour"
    assert whole_number("ATELIER_A", 7) == 7


@pytest.mark.parametrize("text", ["Raters", "nobody"])
def test_an_unknown_choice_names_those_there_are(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("ATELIER_A", text)
    with pytest.raises(ImproperlyConfigured, match="ATELIER_A must be one of admins, raters; it is"):
        one_of("ATELIER_A", ("admins", "raters"))


@pytest.mark.parametrize("text", ["30", "0/hour", "-1/hour", "30/week", "30 / hour", "1e3/day"])
def test_a_rate_is_so_many_a_unit_of_time(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("ATELIER_A", text)
    with pytest.raises(ImproperlyConfigured, match="like 30/hour"):
        rate("ATELIER_A", "30/hour")
