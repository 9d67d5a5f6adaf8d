"""Claims: kept once each, also when their entry or they themselves are forgotten."""

from __future__ import annotations

from tests.support.core_world import DAY_MS, NOON_MS, token_for
from tests.support.plain_shown import decode_shown
from tests.support.told import IMPRESSION, NAMES, PURCHASE, apply, clicked, event, totals
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.shown.claims import MAX_CLAIMS


def test_a_purchase_that_is_retried_after_its_entry_is_forgotten_is_still_one() -> None:
    """Contract: what it earned stays earned, and no entry whose window is still open gets it a second time."""
    first_seen = event(IMPRESSION, "b", NOON_MS + 1, token=token_for("u", NAMES, NOON_MS + 1, seq=1))
    more = [clicked("c", 90_000 + at, 90_000 + at) for at in range(9)]
    first, _ = apply([first_seen, clicked("b", 50_000, 49_000), clicked("a", 60_000, 1), *more],
                     [PURCHASE._replace(ts_ms=NOON_MS + 80_000)])  # fmt: skip
    now_ms = NOON_MS + 40_000 + DAY_MS
    late, _ = apply([event(IMPRESSION, "c", now_ms, token=token_for("u", NAMES, now_ms, seq=99))], shown=first.shown)
    assert [each.spent for each in decode_shown(late.shown).claims.values()] == [True]
    again, feedback = apply([PURCHASE._replace(ts_ms=NOON_MS + 80_000)], shown=late.shown)
    assert (again.joined, feedback) == ({JoinOutcome.DUPLICATE: 1}, [])


def test_a_purchase_older_than_all_that_are_kept_is_late() -> None:
    """Contract: what is forgotten is never counted again, and what it earned stays earned."""
    many = [PURCHASE._replace(event_id=f"p{at}", ts_ms=NOON_MS + 100 + at) for at in range(MAX_CLAIMS + 3)]
    outcome, feedback = apply([clicked("a", 5, 1)], *[[each] for each in many])
    assert len(decode_shown(outcome.shown).claims) == MAX_CLAIMS
    again, more = apply([many[0]], shown=outcome.shown)
    assert (again.joined, more) == ({JoinOutcome.LATE: 1}, [])
    assert totals(feedback) == {("a", NOON_MS + 1): (1, 1, 1, 0, 3750)}
