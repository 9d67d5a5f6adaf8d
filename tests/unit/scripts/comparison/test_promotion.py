"""Which list of a replay may take the place of a live one, and under what version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tideline.scripts.comparison.promotion import (
    Fate,
    Kept,
    Rule,
    Verdict,
    digest_of,
    kept_bytes,
    read_kept,
    together,
    weigh,
)
from tideline.udfs.core.lists.erased_list import erased_list
from tideline.udfs.core.lists.list_version import ListVersion

T = 1_700_000_000_000


def made(*version: int, names: str = "ab", encoder: int = 1, erased_ms: int | None = None) -> bytes:
    """Return a list as the writer stores it."""
    erasure = {} if erased_ms is None else {"x": erased_ms}
    rest = {"m": encoder, "i": list(names), "e": [5] * len(names), "k": f"t{names}"}
    return json.dumps({"v": list(version), **erasure, **rest}, separators=(",", ":")).encode()


def test_a_list_of_the_same_moment_takes_the_place_and_the_version_of_live_s() -> None:
    """Contract: so the live job's next list is newer than it, and one that is written again is not."""
    fate, payload, _ = weigh(made(2, T, 7), made(2, T, 7, names="ba"))
    assert (fate, payload) == (Fate.PROMOTED, made(2, T, 7, names="ba"))
    assert weigh(made(2, T, 7), made(2, T, 7)).fate is Fate.SAME
    assert weigh(payload, made(2, T, 7, names="ba")).fate is Fate.SAME


@pytest.mark.parametrize(
    ("now", "then", "fate"),
    [
        (made(1, T + 1, 8), made(1, T, 7, names="ba"), Fate.LATER),
        (made(1, T + 1, 2), made(9, T, 7, names="ba"), Fate.LATER),
        (made(1, T - 1, 6), made(1, T, 7, names="ba"), Fate.BEHIND),
        (made(1, T, 6), made(1, T, 7, names="ba"), Fate.BEHIND),
        (made(1, T, 7), made(2, T, 7, names="ba"), Fate.BEHIND),
        (made(1, T, 8), made(1, T, 7, names="ba"), Fate.OVERTAKEN),
        (made(2, T, 7), made(1, T, 7, names="ba"), Fate.OVERTAKEN),
        (made(1, T, 7, encoder=2), made(1, T, 7, names="ba"), Fate.OVERTAKEN),
        (made(1, T, 7, encoder=1), made(1, T, 7, names="ba", encoder=2), Fate.PROMOTED),
        (erased_list(ListVersion(1, T, 8)), made(1, T, 7), Fate.ERASED),
        (erased_list(ListVersion(1, T + 9, 8)), made(3, T, 7), Fate.ERASED),
        (made(1, T, 7), erased_list(ListVersion(1, T, 7)), Fate.ERASED),
        (None, erased_list(ListVersion(1, T, 7)), Fate.ERASED),
        (b"", made(1, T, 7), Fate.UNREADABLE),
        (b"{}", made(1, T, 7), Fate.UNREADABLE),
        (made(1, T, 7), b'{"v":[1,2]}', Fate.UNREADABLE),
        (made(1, T, 7), None, Fate.UNREADABLE),
        (None, None, Fate.UNREADABLE),
    ],
)
def test_what_live_knows_and_the_replay_does_not_stays(now: bytes | None, then: bytes | None, fate: Fate) -> None:
    assert weigh(now, then)[:2] == (fate, b"" if fate is not Fate.PROMOTED else then)


def test_a_republish_counts_as_an_update_and_tells_nothing() -> None:
    """Contract: so many updates more are none; one more than that is a late event, and by how many is told."""
    now, then = made(1, T, 9), made(1, T, 7, names="ba")
    assert weigh(now, then) == Verdict(Fate.OVERTAKEN, b"", 2)
    assert weigh(now, then, Rule(republished=1)) == Verdict(Fate.OVERTAKEN, b"", 2)
    assert weigh(now, then, Rule(republished=2)) == Verdict(Fate.PROMOTED, made(1, T, 9, names="ba"))
    assert weigh(made(2, T, 7), then, Rule(republished=5)) == Verdict(Fate.OVERTAKEN, b"", 0)
    assert weigh(made(1, T + 1, 9), then, Rule(republished=5)).fate is Fate.LATER
    assert weigh(made(1, T, 6, encoder=2), then, Rule(overtaken_too=True)).fate is Fate.BEHIND


def test_an_overtaken_list_is_replaced_where_that_is_said() -> None:
    """Contract: under live's version, so nothing that live had written comes back; what is of later still stays."""
    live = made(3, T, 9, encoder=2)
    fate, payload, _ = weigh(live, made(1, T, 7, names="ba"), Rule(overtaken_too=True))
    assert (fate, payload) == (Fate.PROMOTED, made(3, T, 9, names="ba"))
    assert weigh(payload, made(1, T, 7, names="ba")).fate is Fate.SAME
    assert weigh(made(1, T + 1, 7), made(1, T, 7), Rule(overtaken_too=True)).fate is Fate.LATER
    assert weigh(erased_list(ListVersion(1, T, 8)), made(1, T, 7), Rule(overtaken_too=True)).fate is Fate.ERASED


def test_where_there_is_no_live_list_the_next_one_of_the_same_moment_is_newer() -> None:
    fate, payload, _ = weigh(None, made(2, T, 7))
    assert (fate, payload) == (Fate.PROMOTED, made(2, T, 0))
    assert weigh(payload, made(2, T, 7)).fate is Fate.SAME


def test_up_to_when_a_user_was_erased_is_carried_on() -> None:
    """Contract: the later of the two moments, so that nothing of before comes back behind a promoted list."""
    live = made(1, T, 7, erased_ms=T - 5)
    assert weigh(live, made(1, T, 7, names="ba")).payload == made(1, T, 7, names="ba", erased_ms=T - 5)
    told = made(1, T, 7, names="ba", erased_ms=T - 9)
    assert weigh(live, told).payload == made(1, T, 7, names="ba", erased_ms=T - 5)
    assert weigh(made(1, T, 7), told).payload == told
    assert weigh(None, told).payload == made(1, T, 0, names="ba", erased_ms=T - 9)


def test_a_user_is_promoted_with_all_of_his_lists_or_with_none() -> None:
    def fates(*fates: Fate) -> Fate:
        return together([Verdict(each) for each in fates])

    assert fates(Fate.SAME, Fate.PROMOTED) is Fate.PROMOTED
    assert fates(Fate.SAME, Fate.SAME) is Fate.SAME
    for each in set(Fate) - {Fate.SAME, Fate.PROMOTED}:
        assert fates(Fate.PROMOTED, each, Fate.SAME) is each


def test_what_is_kept_is_read_again_whatever_the_list() -> None:
    for before in (b"", b"x" * 40, made(1, T, 7)):
        stored: Any = kept_bytes(before or None, b"new")
        assert read_kept(stored) == Kept(digest_of(b"new"), before)
    assert digest_of(None) == b""
    assert digest_of(b"abc") == b"a9993e364706816aba3e25717850c26c9cd0d89d"
