"""What a token says of its activities: nobody can make an id that fits, and ids are compared whole."""

from __future__ import annotations

import itertools
import zlib

import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, activity, make_ranker, token_for
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lists.activity_tags import NO_TAG, ActivityTags, activity_tag, without_clashes
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.rewards.attribution import Attributed, attribute
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
from tideline.udfs.core.rewards.join import JoinOutcome

SECRET = KEYS.secrets[KEYS.current]
CRC_TWINS = "plumless", "buckeroo"
"""English words with one CRC-32."""


SETTINGS = AttributionSettings.of(KEYS, DAY_MS, dict.fromkeys(["a", "b", *CRC_TWINS], 1.0), {})


def claim(name: str, position: int | None, shown: list[str], token: str | None = None) -> Attributed:
    token = token or token_for("u", shown)
    event = Event("e", "u", EventType.CLICK, NOON_MS, activity_id=name, token=token, position=position)
    return attribute(b"", [(0, event)], SETTINGS)


def test_a_twin_of_an_id_under_an_open_hash_is_foreign() -> None:
    """Contract: what has the CRC-32 of a shown activity is refused as not on the list, and nothing is learned of it."""
    known, twin = CRC_TWINS
    assert zlib.crc32(twin.encode()) == zlib.crc32(known.encode())
    outcome = claim(twin, 0, [known])
    assert [error.reason for _, error in outcome.refused] == [Reason.FOREIGN_TOKEN]
    assert (outcome.feedback, outcome.shown) == ([], b"")


def test_made_up_ids_are_never_learned() -> None:
    """Contract: of 20,000 ids tried on each place of a short list none leaves feedback, a row or a decision."""
    token = token_for("u", ["a"])
    for number in range(20_000):
        outcome = claim(f"made-up-{number}", None, ["a"], token)
        assert (outcome.feedback, outcome.decisions, outcome.applied) == ([], [], 0)


def test_an_activity_that_is_gone_is_counted_and_not_learned() -> None:
    """Contract: a list may outlive an activity; what is said of it raises a counter and refuses nobody."""
    outcome = claim("gone", 0, ["gone"])
    assert (outcome.joined, outcome.refused, outcome.feedback) == ({JoinOutcome.UNKNOWN_ACTIVITY: 1}, [], [])


def test_another_activity_of_the_catalogue_is_not_the_one_that_was_shown() -> None:
    assert [error.reason for _, error in claim("b", 0, ["a"]).refused] == [Reason.FOREIGN_TOKEN]


def test_tags_depend_on_the_secret() -> None:
    """Contract: what is learned of one deployment's tags says nothing about another's."""
    assert activity_tag("a", SECRET) != activity_tag("a", KEYS.secrets[2])
    assert activity_tag("a", SECRET) != NO_TAG


def test_ids_are_found_by_the_tags_of_every_key_that_is_kept() -> None:
    tags = ActivityTags.of(["a", "b"], KEYS)
    for key_id, secret in KEYS.secrets.items():
        assert [tags.name(key_id, activity_tag(name, secret)) for name in ("a", "b", "c")] == ["a", "b", None]
    assert tags.name(99, activity_tag("a", SECRET)) is None
    assert tags.current.tobytes() == activity_tag("a", SECRET) + activity_tag("b", SECRET)


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_activities_with_one_tag_the_first_is_ranked(turned: bool) -> None:
    """Contract: by id, whatever order they came in; the other one is left out and its clicks are nobody else's."""
    keys = TokenKeys({1: SECRET}, 1)
    seen: dict[bytes, str] = {}
    for number in itertools.count():
        name = f"c{number}"
        tag = activity_tag(name, SECRET)
        if tag in seen:
            break
        seen[tag] = name
    pair = sorted([seen[tag], name])
    given = [activity(each) for each in (reversed(pair) if turned else pair)]
    assert [each.activity_id for each in without_clashes(given, keys)] == pair[:1]
    ranker = make_ranker(given)
    assert [each.activity_id for each in ranker.catalogue.activities] == pair[:1]
