"""Contract: anybody can look at a list without a client of Redis, and sees which entries are over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.core_world import token_for
from tideline.scripts.commands.show_list import describe, document, main
from tideline.scripts.parsers.verbs import parser_of
from tideline.scripts.simulation.lists import parse_stops
from tideline.udfs.core.catalogue.activity import Activity, Rule
from tideline.udfs.core.profiles.kept_profile import keep, read_kept
from tideline.udfs.core.profiles.profile_record import OptOuts, Profile

PAYLOAD = b'{"v":[1,1700000000000,3],"m":2,"i":["a1","b2"],"e":[10,20],"k":"t"}'
NOW_MS = 1_700_000_000_000 + 15 * 60_000
Captured = pytest.CaptureFixture[str]


def test_each_entry_has_its_place_its_end_and_what_it_is() -> None:
    known = {"b2": Activity("b2", "coupon", "A \x1b[31mtenth\n less", 0, 1)}

    found = {"key": "tideline:list:u 1"} | document(PAYLOAD, NOW_MS, known)

    heading, columns, first, second = describe(found)
    assert heading == (
        "tideline:list:u 1: 2 entries, made 2023-11-14 22:13 UTC by encoder 2, version [1, 1700000000000, 3]"
    )
    assert columns.split() == ["place", "activity", "ends", "what", "it", "is"]
    assert first == "    0  a1        2023-11-14 22:23 UTC  over, no longer shown"
    assert second == "    1  b2        2023-11-14 22:33 UTC  coupon: A \\x1b[31mtenth\\n less"
    assert found.keys() == parser_of("list").keys.keys()


def test_what_is_stopped_is_over_and_what_the_stops_let_go_on_is_not() -> None:
    """Contract: the list of a command says what a page shows that reads both."""
    stops = parse_stops(b'{"v":[1,1,1],"s":["b2"],"u":{"a1":%d}}' % (NOW_MS // 60_000 + 1))
    found = document(PAYLOAD, NOW_MS, {}, stops=stops)
    assert [entry["over"] for entry in found["entries"]] == [False, True]


def test_the_variant_that_is_shown_is_told() -> None:
    found = {"key": "k"} | document(PAYLOAD.replace(b'"k"', b'"p":[null,"red"],"k"'), NOW_MS, {})
    assert [entry["variant"] for entry in found["entries"]] == [None, "red"]
    assert describe(found)[-1].endswith("UTC  variant red")


def test_why_each_entry_stands_there_is_told_below_it() -> None:
    """Contract: categories by the topic of activities, shares and times by the token; a legend says what they are."""
    known = {"a1": Activity("a1", "coupon", "Tea", 0, 1, categories=("TEA", "M\x1bILK"))}
    token = token_for("u 1", ["a1", "b2"], pairs=np.array([[7 << 21 | 2 << 3, 0]]))
    payload = PAYLOAD.replace(b'"t"', f'"{token}"'.encode())

    found = {"key": "tideline:list:u 1"} | document(payload, NOW_MS, known)

    assert [entry["why"]["seen"] for entry in found["entries"]] == [2, 0]
    assert [entry["categories"] for entry in found["entries"]] == [["TEA", "M\x1bILK"], None]
    _, _, _, first, _, second, legend = describe(found, why=True)
    assert first.strip().startswith("TEA, M\\x1bILK: ")
    assert first.endswith("/ 0 % / 0 %; seen 2 times")
    assert second.strip() == "its categories: 0 % / 0 % / 0 %; not seen yet"
    assert legend.startswith("% of what the user did was in an entry's categories, where an event 10, 100 or 1,000")


def test_labels_are_told_by_their_names_alone() -> None:
    """Contract: those that a rule asked for and the user meets, below the entry; what else his profile means, last."""
    rule = Rule(all='[{"label.tier": {"in": ["gold"]}}, {"not": {"label.country": {"in": ["DE"]}}}]')
    known = {"b2": Activity("b2", "coupon", "Tea", 0, 1, rule=rule)}
    stated = Profile("u 1", 5, {"tier": "gold", "country": "FR"}, "Asia/Tokyo", opt_outs=OptOuts(kinds=("push",)))

    found = {"key": "k"} | document(PAYLOAD, NOW_MS, known, read_kept(keep(stated)))

    assert [entry["labels"] for entry in found["entries"]] == [[], ["country", "tier"]]
    lines = describe(found, why=True)
    assert lines[-3].endswith("; his country, tier as its rule asks")
    assert lines[-1] == "profile: labels country, tier; clocks of his own; 1 opt-out"
    assert not [line for line in lines if "gold" in line or "Tokyo" in line]


def test_a_stack_that_is_not_up_is_said(capsys: Captured) -> None:
    assert main(["u1", "--stack", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("list: stack 'nowhere' is not up")


def test_neither_a_user_nor_popular_ends_in_usage() -> None:
    with pytest.raises(SystemExit):
        main([])


def test_a_url_that_cannot_be_used_is_refused_without_its_secret(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: a password is taken from a file or the environment, never from the command line, and never printed."""
    assert main(["u1", "--redis-url", "redis://:hidden@cache:6379/0"]) == 1
    told = capsys.readouterr().err
    assert "secrets only in TIDELINE_REDIS_URL or in --redis-url-file FILE" in told
    (tmp_path / "url").write_text("http://:hidden@cache\n")
    assert main(["u1", "--redis-url-file", str(tmp_path / "url")]) == 1
    monkeypatch.setenv("TIDELINE_REDIS_URL", "http://:hidden@cache")
    assert main(["u1"]) == 1
    more = capsys.readouterr().err
    assert "TIDELINE_REDIS_URL='***' cannot be used; allowed: a URL that begins with redis://" in more
    assert main(["u1", "--redis-url-file", str(tmp_path / "none")]) == 1
    assert "a readable text file" in capsys.readouterr().err
    assert "hidden" not in told + more
