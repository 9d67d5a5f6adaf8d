"""Which changes of an activity open it, and when."""

from __future__ import annotations

from dataclasses import replace

from tests.support.core_world import NOON_MS, activity
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.serving.renewal.openings import Openings

TOLD_MS = NOON_MS + 1_000
ALWAYS = activity("a", starts_ms=NOON_MS - 10_000, ends_ms=NOON_MS + 10_000)


def after(openings: Openings, before: Activity | None, now: Activity | None, told_ms: int = TOLD_MS) -> Openings:
    """Return the openings once `a` has become what it is `now`."""
    return openings.changed({} if before is None else {"a": before}, {"a": now}, {"a": told_ms})


def test_an_activity_opens_when_it_is_told_or_when_its_time_begins() -> None:
    """Contract: the later of the two; before that moment it has not opened."""
    assert after(Openings(), None, ALWAYS).by_activity == {"a": TOLD_MS}
    later = after(Openings(), None, replace(ALWAYS, starts_ms=TOLD_MS + 5))
    assert (later.newest(TOLD_MS + 4), later.newest(TOLD_MS + 5)) == (0, TOLD_MS + 5)


def test_another_word_opens_nothing() -> None:
    """Contract: an activity that is open keeps its moment, whatever else of it changes."""
    first = after(Openings(), None, ALWAYS)
    assert after(first, ALWAYS, replace(ALWAYS, title="new"), TOLD_MS + 9) == first


def test_what_was_paused_or_over_opens_again() -> None:
    """Contract: resumed, or given more time, it opens at the moment it is told."""
    first = after(Openings(), None, ALWAYS)
    paused = replace(ALWAYS, status="paused")
    away = after(first, ALWAYS, paused, TOLD_MS + 1)
    assert away == Openings()
    assert after(away, paused, ALWAYS, TOLD_MS + 2).newest(NOON_MS * 2) == TOLD_MS + 2
    longer = replace(ALWAYS, ends_ms=ALWAYS.ends_ms + 50_000)
    assert after(first, ALWAYS, longer, ALWAYS.ends_ms + 7).newest(NOON_MS * 2) == ALWAYS.ends_ms + 7


def test_what_is_deleted_or_over_has_no_opening() -> None:
    """Contract: nor has what is told after its end."""
    assert after(after(Openings(), None, ALWAYS), ALWAYS, None) == Openings()
    assert after(Openings(), None, ALWAYS, ALWAYS.ends_ms) == Openings()


def test_the_newest_of_many_counts() -> None:
    """Contract: each activity has its own moment; the last until now is the newest."""
    many = {f"a{day}": activity(f"a{day}", starts_ms=NOON_MS + day * 1000, ends_ms=NOON_MS * 2) for day in range(50)}
    openings = Openings().changed({}, many, dict.fromkeys(many, NOON_MS - 1))
    for now_ms in range(NOON_MS, NOON_MS + 60_000, 777):
        assert openings.newest(now_ms) == max(each.starts_ms for each in many.values() if each.starts_ms <= now_ms)
