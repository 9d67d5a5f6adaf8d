"""Parts of a batch, put together."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.udfs.core.serving.admission import DeadLetter
from tideline.udfs.core.serving.batches.outcome import Outcome, Records, joined

ERROR = InvalidRecord(Reason.BAD_JSON, "no")


def outcome(**given: Any) -> Outcome:
    nothing: dict[str, Any] = {name: [] for name in Outcome.__dataclass_fields__}
    return Outcome(
        **(nothing | {"counts": Counter(), "newest_ms": 0, "sampled": None, "placed": {}, "brought": {}} | given)
    )


def test_the_last_state_of_a_user_counts_and_everything_else_is_there_once() -> None:
    """Contract: lists stand in the order in which they were made, with the time of what each was made of."""
    first = outcome(users=["u", "w"], states=[b"1", b"2"], listed=["w"], lists=[b"w1"], appended_ms=[5], newest_ms=9)
    second = outcome(users=["u"], states=[b"3"], listed=["u"], lists=[b"u1"], appended_ms=[6], counts=Counter(a=2))
    found = joined([first, second])
    assert dict(zip(found.users, found.states, strict=True)) == {"u": b"3", "w": b"2"}
    assert (found.listed, found.lists, found.appended_ms) == (["w", "u"], [b"w1", b"u1"], [5, 6])
    assert (found.newest_ms, found.counts, first.counts) == (9, Counter(a=2), Counter())


def test_dead_letters_of_a_part_have_the_numbers_of_the_whole() -> None:
    """Contract: so the letter has the bytes of the refused record."""
    records = Records([b"a", b"b", b"c", None], [b"1", b"2", None, b"4"], [1, 2, 3, 4])
    assert records.part([3, 1]) == Records([None, b"b"], [b"4", b"2"], [4, 2])
    part = outcome(dead=[DeadLetter(1, ERROR), DeadLetter(0, ERROR)]).of_numbers([3, 1])
    assert [each.number for each in part.dead] == [1, 3]
