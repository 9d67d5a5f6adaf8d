"""Contract: one visitor's story is chosen by who clicked most and told with the reasons of his decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.scripts.simulation.conftest import START_MS
from tideline.scripts.simulation.frontend import Shown
from tideline.scripts.simulation.showcase import choose, describe
from tideline.scripts.simulation.visits import Visit

if TYPE_CHECKING:
    from tideline.scripts.simulation.world import World


def visit(household: int, number: int, clicked: tuple[int, ...] = (), **changes: Any) -> Shown:
    at_ms = START_MS + number * 60_000
    found = Shown(Visit(number, household, at_ms), at_ms, False, True, ((0, 0), (2, 1)), clicked, [])
    return found._replace(**changes)


def test_the_visitor_who_clicked_most_is_shown_at_his_first_click_and_at_his_last_visit() -> None:
    """Contract: of equals it is the lowest household, whatever the order of their visits."""
    third = [visit(2, 1), visit(2, 2, (0,)), visit(2, 3, (0, 1)), visit(2, 4)]
    second = [visit(1, 5, (1,)), visit(1, 6, (0,)), visit(1, 7, (1,))]
    once = [visit(0, 8, (0,)), visit(0, 9)]
    assert choose([*third, *second, *once]) == (second[0], second[-1])
    assert choose([*third, *once]) == (third[1], third[-1])


def test_nobody_is_chosen_who_had_no_list_of_his_own_or_did_not_come_again() -> None:
    """Contract: what cannot show a change is passed over: the holdout, a popular list, a click at the last visit."""
    assert choose([visit(0, 1), visit(0, 2)]) is None
    assert choose([visit(0, 1, (0,), holdout=True), visit(0, 2, holdout=True)]) is None
    assert choose([visit(0, 1, (0,), personal=False), visit(0, 2, (1,)), visit(0, 3)]) is None
    assert choose([visit(0, 1), visit(0, 2, (0,))]) is None


def test_each_entry_is_told_with_its_place_its_reason_and_his_clicks_before(world: World) -> None:
    """Contract: the clicks are marked at the first visit and counted at the last one, his own only."""
    before, after = visit(0, 1, (1,)), visit(0, 9)
    decided = {"mean": 0.25, "bonus": 0.05, "explored": False, "shown_ms": before.at_ms, "activity_id": "c1-a"}
    unkept = decided | {"activity_id": "c1-b", "mean": None, "bonus": None, "explored": True}
    heading, first, *entries = describe(world, [before, visit(1, 2, (0,)), after], before, after, [decided, unkept])
    assert heading == "Visitor 11 clicked 1 times."
    assert first == "Shown when he first clicked, the first 2 of his list:"
    assert [" ".join(line.split()) for line in entries] == [
        "1 c1-a score 0.300 = expected 0.250 + uncertainty 0.050; 10.0% of his spending",
        "3 c1-b drawn at random to explore, the policy row it was scored with is no longer kept; "
        "10.0% of his spending <- clicks it",
        "Shown at his last visit, the first 2 of his list:",
        "1 c1-a shown before from the same list, not decided again; 10.0% of his spending",
        "3 c1-b shown before from the same list, not decided again; 10.0% of his spending, clicked 1 x before",
    ]
