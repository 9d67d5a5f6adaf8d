"""What rules of messages cost, by their log."""

from __future__ import annotations

import math
from typing import Any

from tests.support.push_log import push_record
from tideline.scripts.analysis.push_costs import Cost, costs_of
from tideline.scripts.analysis.push_log import PushHistory

_SURE, _LEAST = 230, 1


def history(*records: Any, **not_sent: str) -> PushHistory:
    named = [each._replace(push_id=f"{at}-0-a") for at, each in enumerate(records)]
    return PushHistory(named, {f"{name[1:]}-0-a": why for name, why in not_sent.items()}, {}, {}, 0)


def test_room_costs_what_is_worth_sending_and_not_worth_its_price() -> None:
    """Contract: by the chance that is missing, sent or not; what is worth nothing costs no room."""
    some = [push_record(value=2.0, price=3.0, chance=_LEAST, sent=sent) for sent in (False, True)]
    nothing = push_record(value=-1.0, price=3.0, chance=8, sent=False)
    found = costs_of(history(*some, nothing))
    assert found.room == Cost(2, 2 * 2.0 * (_SURE - _LEAST) / 256)
    assert (found.chance, found.must, found.not_sent) == (Cost(0, 0), Cost(0, 0), {})


def test_what_is_worth_it_costs_the_chance_to_withhold_it() -> None:
    sure, doubtful = push_record(value=2.0, price=1.0, chance=_SURE), push_record(value=1.0, price=0.0, chance=128)
    found = costs_of(history(sure, doubtful, push_record(value=0.0, price=0.0, chance=8)))
    assert found.chance.points == 2
    assert math.isclose(found.chance.value, 2.0 * 26 / 256 + 0.5)
    assert found.room == Cost(0, 0)


def test_what_must_be_sent_costs_what_it_takes_and_no_chance() -> None:
    must: dict[str, Any] = {"must": True, "chance": 256, "price": 0.0}
    found = costs_of(history(push_record(value=-0.5, **must), push_record(value=3.0, **must)))
    assert (found.must, found.chance) == (Cost(1, 0.5), Cost(0, 0))


def test_what_was_not_sent_costs_its_value_by_reason() -> None:
    """Contract: what was withheld by chance had no message that could fail."""
    records = [push_record(value=float(at), sent=at < 3) for at in range(4)]
    found = costs_of(history(*records, _1="expired", _2="expired", _0="failed", _3="expired"))
    assert found.not_sent == {"expired": Cost(2, 3.0), "failed": Cost(1, 0.0)}


def test_an_empty_log_costs_nothing() -> None:
    assert costs_of(history()) == ((0, 0), (0, 0), (0, 0), {})
