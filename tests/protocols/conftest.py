"""A protocol with two worked examples and three practice pairs, in force; a newcomer who has taken no step."""

from __future__ import annotations

import pytest

from annotation_site.accounts.models import Rater
from annotation_site.protocols.models import Example, ExampleKind, ProtocolVersion
from annotation_site.protocols.services import draft_make, version_publish
from tests import factories
from tests.conftest import NOON
from tests.pages.conftest import as_admin, as_boris, as_stranger, as_vera, boris, vera

__all__ = ["as_admin", "as_boris", "as_stranger", "as_vera", "boris", "vera"]

REFERENCES = (0.1, 0.5, 0.9)


def add_example(version: ProtocolVersion, kind: ExampleKind, reference: float, position: int = 0) -> Example:
    return Example.objects.create(
        version=version,
        kind=kind,
        position=position,
        painting=factories.make_painting(),
        clip=factories.make_clip(),
        reference=reference,
        explanation=f"Because it is {reference}.",
    )


def draft_with_examples(**fields: object) -> ProtocolVersion:
    """Two worked examples and three practice pairs, as a draft."""
    draft = draft_make(now=NOON)
    draft.examples.all().delete()
    for position, reference in enumerate((0.2, 0.8)):
        add_example(draft, ExampleKind.WORKED, reference, position)
    for reference in REFERENCES:
        add_example(draft, ExampleKind.PRACTICE, reference)
    for name, value in fields.items():
        setattr(draft, name, value)
    draft.save()
    return draft


@pytest.fixture
def newcomer(db: None) -> Rater:
    return factories.make_rater("nina", consented_at=None, briefed_at=None, admitted_at=None)


@pytest.fixture
def practised(db: None) -> ProtocolVersion:
    """Version 2 with its examples, in force; nobody has to qualify."""
    return version_publish(version=draft_with_examples(), by=None, now=NOON)


@pytest.fixture
def selective(db: None) -> ProtocolVersion:
    """The same, for who comes within 0.1 of the references in one of two attempts."""
    draft = draft_with_examples(qualifies_within=0.1, practice_attempts=2)
    return version_publish(version=draft, by=None, now=NOON)
