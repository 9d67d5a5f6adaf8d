"""What rankers know of pushes, as the policy topic has it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.doc_pages import ROOT
from tests.support.push_rows import told_rows
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.records import PUSH_EFFECTS
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.policies.fence import epoch_of
from tideline.udfs.core.push.effects import Costs, push_values, push_widths
from tideline.udfs.core.push.learned.push_feedback import encode_push_rows
from tideline.udfs.core.push.learned.push_known import (
    NOTHING_KNOWN,
    PushKnown,
    decode_known,
    encode_known,
    known_of,
)
from tideline.udfs.core.push.learned.push_learning import NO_PUSH_SUMS, learned_pushes
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.push_prices import FULL

GOLDEN = ROOT / "tests" / "golden" / "push_effects_v1.bin"
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
DECAY = Decay(DAY_MS)
SETTINGS = read_push({"week": 2, "zones": ["UTC"]})


def known(count: int = 40, seed: int = 11, span_ms: int = 2 * DAY_MS) -> PushKnown:
    rows = told_rows(count, seed, span_ms)
    return known_of(learned_pushes(NO_PUSH_SUMS, [encode_push_rows(rows)], DECAY).sums, DECAY)


def test_a_ranker_reads_what_the_learner_knows() -> None:
    """Contract: bit for bit, so that all rankers value a push alike; the record says who wrote it and when."""
    one = known()
    value = encode_known(one, 5)
    read = decode_known(value, 77)
    for mine, other in zip(one.effects, read.effects, strict=True):
        assert np.array_equal(np.asarray(mine), np.asarray(other))
    assert np.array_equal(one.ledger, read.ledger)
    assert (read.as_of_ms, read.epoch, read.version, epoch_of(value)) == (one.as_of_ms, 5, 77, 5)
    assert one.effects.theta.any()
    assert not NOTHING_KNOWN.effects.known
    x, recent = told_rows(9, 4)["x"], np.arange(9)
    costs = Costs((1.0, 5.0, 0.5), 0.01, 30.0)
    for told in (push_values, push_widths):
        assert np.array_equal(told(one.effects, costs, x, recent), told(read.effects, costs, x, recent))


def test_a_record_that_was_kept_is_read_and_written_again_as_it_was() -> None:
    """Contract: what is in the topic is read by later builds."""
    content = GOLDEN.read_bytes()
    found = decode_known(content, 3)
    assert encode_known(found, 5) == content
    assert found.as_of_ms == known().as_of_ms
    assert np.array_equal(found.ledger, known().ledger)


def test_a_record_of_another_shape_is_refused() -> None:
    """Contract: as any record that is none; it is counted and the former one stays."""
    record = PUSH_EFFECTS.decode(encode_known(known()))
    for key, wrong in (
        ("theta", [1] * 48),
        ("unsubscribing", [0.1]),
        ("values", [1.0] * 257),
        ("inverse", [1]),
        ("usual", []),
    ):
        with pytest.raises(InvalidRecord, match="numbers are"):
            decode_known(PUSH_EFFECTS.encode(record | {key: wrong}), 0)
    with pytest.raises(InvalidRecord):
        decode_known(b"none", 0)


def test_the_price_keeps_the_messages_of_a_day_inside_its_volume() -> None:
    """Contract: none without a volume; higher the less is left; no value reaches it once all is used, until midnight
    by UTC."""
    rows = told_rows(4000, 3, 8 * DAY_MS)
    rows["unlearned"], rows["decisions"] = 0, 1
    one = known_of(learned_pushes(NO_PUSH_SUMS, [encode_push_rows(rows)], DECAY).sums, DECAY)
    day = one.as_of_ms // DAY_MS
    noon = day * DAY_MS + 12 * HOUR_MS
    today = one.ledger[one.ledger["hour"] // 24 == day]
    used = int(today["impressions"].sum())
    prices = [one.price(SETTINGS._replace(volume=volume), noon) for volume in (used, used + 20, used + 60, used + 9000)]
    assert used > 0
    assert prices[0] == FULL > prices[1] > prices[2] > prices[3] == 0
    assert one.price(SETTINGS, noon) == 0
    assert one.price(SETTINGS._replace(volume=used), (day + 1) * DAY_MS) < FULL
