"""What a click is worth more, beside where activities stand."""

from __future__ import annotations

from tests.support.core_world import NOON_MS, activity
from tests.unit.udfs.core.budgets.test_ledgers import SETTINGS, rows
from tideline.udfs.core.budgets.ledgers import KeptLedgers, Ledgers
from tideline.udfs.core.budgets.standing import EVERY_ID, encode_standing


def test_what_a_click_is_worth_stands_beside_the_activities() -> None:
    """Contract: told when it moves and in its turn, with the time of the others; where none is kept any more, once."""
    keeping = Ledgers(SETTINGS._replace(keeps_clicks=True), KeptLedgers())
    assert keeping
    assert [(name, each.price) for name, each in keeping.due().standings] == [(EVERY_ID, 0)]
    keeping.value_clicks(0.5)
    keeping.learn({"plain": rows(3)})
    ((name, told),) = keeping.due().standings
    assert (name, told.price, told.as_of_ms, told.stopped) == (EVERY_ID, 2**23, NOON_MS, False)
    assert keeping.due().standings == []
    keeping.note("a", activity("a", budget=20.0, cost=1.0))
    assert [name for name, _ in keeping.standings()] == [EVERY_ID, "a"]
    assert [name for name, _ in keeping.all("a").standings] == ["a"]
    ended = Ledgers(SETTINGS, KeptLedgers(told={EVERY_ID: encode_standing(EVERY_ID, told)}))
    assert [(name, each.price) for name, each in ended.due().standings] == [(EVERY_ID, 0)]
    assert not Ledgers(SETTINGS, KeptLedgers())
