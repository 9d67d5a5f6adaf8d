"""Contract: without --show-ids no page has a user id that its reader did not type."""

from __future__ import annotations

from tideline.scripts.console.pseudonyms import Pseudonyms


def test_a_user_is_found_again_by_the_name_that_was_shown() -> None:
    names = Pseudonyms(show_ids=False)
    shown = names.shown("u42")
    assert "42" not in shown.removeprefix("user-") or shown != "u42"
    assert shown.startswith("user-")
    assert (names.meant(shown), names.meant("u42"), names.shown("u42")) == ("u42", "u42", shown)


def test_another_process_calls_him_something_else() -> None:
    """Contract: who knows ids cannot find a name's by hashing them all."""
    assert Pseudonyms(False).shown("u42") != Pseudonyms(False).shown("u42")


def test_a_text_names_nobody() -> None:
    names = Pseudonyms(show_ids=False)
    assert names.hidden("key u42 is not u7", "u42") == f"key {names.shown('u42')} is not u7"
    assert names.hidden("nothing", "") == "nothing"
    assert Pseudonyms(show_ids=True).hidden("key u42", "u42") == "key u42"


def test_names_are_bounded() -> None:
    names = Pseudonyms(show_ids=False)
    first = names.shown("u0")
    for number in range(1, 10_001):
        names.shown(f"u{number}")
    assert names.meant(first) == first


def test_an_id_that_is_no_text_has_a_name() -> None:
    assert Pseudonyms(show_ids=False).shown("\udcff").startswith("user-")
