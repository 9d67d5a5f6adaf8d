"""What could be shown to nobody, judged before it is written."""

from __future__ import annotations

from tests.support.core_world import CATEGORIES, DAY_MS, KEYS, NOON_MS, activity
from tideline.scripts.commands.activity_topic import Judge
from tideline.udfs.core.catalogue.activity import Rule
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.lists.activity_tags import activity_tag
from tideline.udfs.core.users.features import Vocabulary

_JUDGE = Judge(KEYS, Vocabulary.of([], 97, CATEGORIES))


def test_what_reaches_nobody_is_told_by_id() -> None:
    """Contract: over, or a rule of categories that no event has; a paused one is meant to reach nobody."""
    asked = [
        activity("fine", rule=Rule(any_category=("tea",))),
        activity("late", ends_ms=NOON_MS),
        activity("never", rule=Rule(any_category=("teas",))),
        activity("waits", status="paused", ends_ms=NOON_MS),
    ]

    told = _JUDGE.hidden(asked, [activity("other")], NOON_MS)

    assert told.keys() == {"late", "never"}
    assert "its window is over" in told["late"]
    assert Judge().hidden(asked, [], NOON_MS).keys() == {"late"}


def _same_tag() -> tuple[str, str]:
    """Return two ids with one tag under the first key: among 2**13 ids two are found by chance."""
    seen: dict[bytes, str] = {}
    for number in range(1 << 16):
        name = f"c{number}"
        tag = activity_tag(name, KEYS.secrets[1])
        if tag in seen:
            return seen[tag], name
        seen[tag] = name
    raise AssertionError("none among 65,536")


def test_an_id_with_the_tag_of_another_is_told_with_the_other() -> None:
    """Contract: whichever of them the job would leave out, the new one is refused; without secrets tags are unknown."""
    first, second = _same_tag()
    assert activity_hash(first) != activity_hash(second)
    for new, old in ((first, second), (second, first)):
        told = _JUDGE.hidden([activity(new)], [activity(old)], NOON_MS)
        assert told == {new: f"{old} has the same tag or number: give it another id"}
        assert Judge().hidden([activity(new)], [activity(old)], NOON_MS) == {}
    both = _JUDGE.hidden([activity(first), activity(second)], [], NOON_MS)
    assert both == {max(first, second): f"{min(first, second)} has the same tag or number: give it another id"}


def test_nothing_is_told_of_an_activity_beside_itself() -> None:
    later = activity("a", ends_ms=NOON_MS + 2 * DAY_MS)
    assert _JUDGE.hidden([later], [activity("b")], NOON_MS) == {}
