"""What the lists of one page break together."""

from __future__ import annotations

from tests.unit.scripts.audit.test_list_audit import one
from tideline.scripts.audit.page_audit import breaches_of_page, breaches_of_placement
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.catalogue.eligibility.user_caps import UserCap
from tideline.udfs.core.ranking.placements import read_placements

HERO, CART = read_placements(
    [
        {"name": "hero", "number": 1, "size": 1, "kinds": ["banner"], "groups": ["tea"]},
        {"name": "cart", "number": 2, "size": 2, "apart_from": ["default"]},
    ]
)
CAP = UserCap("activity", 1, 60_000)


def test_a_list_of_a_placement_is_as_long_and_of_what_it_was_asked_for() -> None:
    """Contract: an activity that is not known is another promise's."""
    known = {"a": one("a", kind="banner"), "b": one("b", group="tea"), "c": one("c")}
    assert list(breaches_of_placement(["a"], known, HERO)) == list(breaches_of_placement(["b"], known, HERO)) == []
    assert (
        list(breaches_of_placement(["gone"], known, HERO)) == list(breaches_of_placement(["c", "a"], known, CART)) == []
    )
    told = [name for name, _ in breaches_of_placement(["a", "c"], known, HERO)]
    assert told == ["placement_too_long", "placement_broken"]


def test_what_stands_twice_on_a_page_is_found_where_it_may_not() -> None:
    """Contract: between lists that are apart, and what has a cap of its own anywhere; a missing list says nothing."""
    known = {"a": one("a", cap=Cap(1, 60_000)), "b": one("b"), "c": one("c", caps=(CAP,))}
    known["d"] = one("d", caps=(UserCap("all", 1, 60_000), UserCap("activity", 1, 60_000, "click")))

    def found(**lists: list[str]) -> list[str]:
        return [name for name, _ in breaches_of_page(lists, known, [HERO, CART])]

    assert found(default=["a", "b"], hero=["b"], cart=["c", "d"]) == []
    assert found(default=["d", "b"], hero=["d"]) == []
    assert found(default=["b"], cart=["b"]) == ["repeated_on_page"]
    assert found(default=["a"], hero=["a"]) == ["capped_twice_on_page"]
    assert found(hero=["c"], cart=["c"]) == ["capped_twice_on_page"]
    assert found(cart=["a"]) == []
