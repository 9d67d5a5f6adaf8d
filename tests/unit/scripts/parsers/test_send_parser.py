"""What `tideline send` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_without_a_type_it_is_a_view() -> None:
    given = taken("send", "u1 --category CHEESE")
    assert (given.user, given.type, given.category, given.activity) == ("u1", "view", "CHEESE", None)


def test_the_list_is_the_default_one_unless_a_placement_is_named() -> None:
    assert [taken("send", line).placement for line in ("u1", "u1 --placement cart")] == [None, "cart"]


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    told = refused("send", "u1 --type look")
    assert "invalid choice: 'look'" in told
    assert "add_to_cart" in told
