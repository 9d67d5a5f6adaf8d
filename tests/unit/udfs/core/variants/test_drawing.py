"""Which variant a user sees."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import activity
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.competing import Variant, variant_mark
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.variants.drawing import Drawn, VariantTable
from tideline.udfs.core.variants.variant_shares import PARTS

USERS = hashes64([f"u{number}" for number in range(4000)])
THREE = tuple(Variant(name) for name in ("red", "blue", "cow"))


def table(*activities: Activity, salt: int = 11) -> VariantTable:
    found = VariantTable.of(activities, salt)
    assert found is not None
    return found


def drawn(found: VariantTable, order: list[list[int]], users: Any = USERS) -> Drawn:
    found_on = found.draw(users[: len(order)], np.array(order))
    assert found_on is not None
    return found_on


def seen(found: VariantTable) -> list[str]:
    """Return which variant of the first activity each of the users sees."""
    named = drawn(found, [[0]] * USERS.size).names
    return [named[row][0] for row in range(USERS.size)]


def test_without_variants_nothing_is_drawn() -> None:
    """Contract: neither for a catalogue without any, nor on lists that hold none of those that have some."""
    assert VariantTable.of([activity("a")], 11) is None
    some = table(activity("a"), activity("b", variants=THREE))
    assert some.draw(USERS[:2], np.array([[0, -1], [-1, -1]])) is None


def test_each_variant_has_its_share_of_the_users_and_a_user_his_variant() -> None:
    """Contract: the shares that tokens carry, whatever else is in the catalogue; another salt is another draw."""
    own = activity("b", variants=THREE)
    found = seen(table(own))
    counts = [found.count(each.id) / USERS.size for each in THREE]
    assert counts == pytest.approx([86 / PARTS, 85 / PARTS, 85 / PARTS], abs=0.025)
    assert seen(table(own, activity("c", variants=THREE[:2]))) == found
    assert seen(table(own, salt=12)) != found


def test_the_share_that_a_list_carries_is_the_chance_of_its_variant() -> None:
    """Contract: 20 activities whose shares earn, each before 20,000 users: chi-square of all, and the mean of weights
    1 / share of each variant is 1 within three standard errors."""
    names = [f"a{number}" for number in range(20)]
    found = table(*(activity(name, variants=THREE, split="earn") for name in sorted(names)))
    told = {name: tuple(np.ravel([(variant_mark(name, each.id), share) for each, share in
            zip(THREE, (26, 60, 170), strict=True)]).tolist()) for name in names}  # fmt: skip
    found = found.with_shares(told)
    users = hashes64([f"w{number}" for number in range(20_000)])
    order = np.tile(np.arange(20), (users.size, 1))
    on_lists = drawn(found, order.tolist(), users)
    chi_square = 0.0
    for share in (26, 60, 170):
        counts, chance = (on_lists.shares == share).sum(axis=0), share / PARTS
        chi_square += float(((counts - users.size * chance) ** 2 / (users.size * chance)).sum())
        weights = (on_lists.shares == share) / chance
        assert abs(weights.mean() - 1.0) < 3 * weights.std() / np.sqrt(weights.size)
    assert chi_square < 40 + 4 * np.sqrt(2 * 40)


def test_activities_part_the_users_anew() -> None:
    """Contract: who sees one activity's first variant sees another's first as often as anybody."""
    first = seen(table(activity("a", variants=THREE[:2])))
    second = seen(table(activity("b", variants=THREE[:2])))
    both = sum(one == other == "red" for one, other in zip(first, second, strict=True))
    assert both / USERS.size == pytest.approx(0.25, abs=0.025)


def test_only_those_between_the_borders_change() -> None:
    """Contract: as many as the share that moved, and all to the variant that grew."""
    before = table(activity("a", variants=THREE[:2]))
    ends = before.ends.copy()
    ends[0, 0] += 13
    moved = [(a, b) for a, b in zip(seen(before), seen(before._replace(ends=ends)), strict=True) if a != b]
    assert set(moved) == {("blue", "red")}
    assert len(moved) / USERS.size == pytest.approx(13 / PARTS, abs=0.012)


def test_published_shares_part_the_users_of_what_earns() -> None:
    """Contract: by mark, whatever the order they are told in; those of other variants, or for what is even, do not."""
    earning = activity("a", variants=THREE, split="earn")
    before = table(earning, activity("b", variants=THREE))
    marks = [variant_mark("a", each.id) for each in THREE]
    told = (marks[1], 192, marks[0], 38, marks[2], 26)
    after = before.with_shares({"a": told, "b": told})
    assert after.shares[0, :3].tolist() == [38, 192, 26]
    assert after.ends[0].tolist() == [38, 230, 256, 256, 256, 256, 256, 256]
    assert after.shares[1].tolist() == before.shares[1].tolist()
    found = seen(after)
    assert [found.count(each.id) / USERS.size for each in THREE] == pytest.approx([38 / 256, 0.75, 26 / 256], abs=0.025)
    for wrong in (told[:4], (marks[0], 128, marks[1], 100, marks[2], 1), (1, 128, 2, 100, 3, 28), ()):
        assert before.with_shares({"a": wrong}).shares.tolist() == before.shares.tolist()


def test_a_list_says_what_it_holds_by_position() -> None:
    """Contract: mark and share where an entry has variants, null where it has none, nothing where no entry has."""
    found = drawn(table(activity("a"), activity("b", variants=THREE)), [[0, 1, -1], [0, -1, -1], [1, 0, -1]])
    name = found.names[0][1]
    assert found.marks[0].tolist() == [0, variant_mark("b", name), 0]
    assert found.shares[0].tolist() == [0, (86 if name == "red" else 85), 0]
    assert found.marks[1].tolist() == [0, 0, 0]
    assert json.loads("{" + found.field(0, 2).rstrip(",") + "}") == {"p": [None, name]}
    assert found.field(1, 1) == ""
