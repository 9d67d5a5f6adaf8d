import numpy as np
import pytest

from models.evaluate import decayed_markov, metrics, popularity, transitions
from models.prepare.completejourney import Columns
from models.sequences import Windows, windows
from udfs.core.features import Vocabulary, step_inputs
from udfs.core.hashing import hash32

NAMES = tuple(f"category {number:02d}" for number in range(60))
VOCABULARY = Vocabulary.of([], 100, NAMES)


def columns(lengths: list[int]) -> Columns:
    """One user for each length; the k-th event of a user is in category k."""
    user = np.repeat(np.arange(len(lengths)), lengths)
    nth = np.concatenate([np.arange(length) for length in lengths])
    return Columns(
        user=user,
        basket=user,
        product=nth + 1_000,
        category=nth.astype(np.int32),
        type=(nth % 4).astype(np.uint8),
        ts_ms=1_000_000 * (nth + 1) + user,
        price=nth * 1.1,
        quantity=np.ones_like(nth),
        category_names=NAMES,
    )


def index_of(nth: int) -> int:
    return sorted(NAMES, key=hash32).index(NAMES[nth]) + 1


@pytest.mark.parametrize("length", [1, 2, 16, 17, 18, 31, 32, 33, 60])
def test_every_event_after_the_first_is_a_target_once_with_the_window_served_online(length: int) -> None:
    data = windows(columns([3, length, 5]), VOCABULARY)
    mine = [w for w in range(data.rows.shape[0]) if 3 <= data.rows[w, 0] < 3 + length]
    found = {}
    for window in mine:
        for step in np.flatnonzero(data.targets[window]):
            events_seen = int(data.rows[window, step]) - 3 + 1
            assert step + 1 == (events_seen if events_seen < 16 else 16 + events_seen % 16)
            assert events_seen not in found
            found[events_seen] = int(data.targets[window, step])
    assert found == {n: index_of(n) for n in range(1, length)}


def test_training_reads_the_features_that_serving_computes() -> None:
    """Contract: no skew between training and serving."""
    cols = columns([60])
    data: Windows = windows(cols, VOCABULARY)
    batch = data.batch(np.array([1]))
    events = slice(16, 47)
    types = cols.type[events]
    hashes = [hash32(str(p)) if t != 1 else 0 for p, t in zip(cols.product[events], types, strict=True)]
    served = step_inputs(
        VOCABULARY,
        items=np.array(hashes, dtype=np.uint32),
        categories=np.array([hash32(NAMES[code]) for code in cols.category[events]], dtype=np.uint32),
        types=types,
        gap_ms=np.diff(cols.ts_ms[events], prepend=cols.ts_ms[16]),
        price=cols.price[events].astype(np.float16).astype(np.float32),
        quantity=cols.quantity[events].astype(np.float32),
    )
    for name in ("item", "category", "type", "gap", "price", "quantity"):
        assert getattr(batch, name)[0].tolist() == getattr(served, name).tolist()


def test_a_range_keeps_only_its_targets() -> None:
    data = windows(columns([60]), VOCABULARY)
    chosen, targets = data.within(20_000_000, 22_000_000)
    assert chosen.tolist() == [0]
    assert targets[targets > 0].tolist() == [index_of(19), index_of(20)]


def test_metrics_are_as_computed_by_hand_with_a_tie_counted_half() -> None:
    p = np.array([[0.0, 0.5, 0.3, 0.2], [0.0, 0.4, 0.3, 0.3]])
    with np.errstate(divide="ignore"):
        found = metrics(np.log(p), np.array([2, 3]))
    assert found["log_loss"] == pytest.approx(-np.log(0.3))
    assert found["mrr"] == pytest.approx((1 / 2 + 1 / 2.5) / 2)
    assert (found["hr@1"], found["hr@5"]) == (0.0, 1.0)


def test_baselines_are_distributions_that_follow_the_counts() -> None:
    pop = popularity(np.array([1, 1, 1, 2]), 3)
    assert pop[1:] == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    moves = transitions(np.array([1] * 80), np.array([3] * 80), pop)
    assert moves.sum(axis=1) == pytest.approx([1.0] * 4)
    assert moves[1, 3] == pytest.approx((80 + 20 / 7) / 100)
    mixed = decayed_markov(np.array([[0, 2, 1], [0, 0, 0]]), moves)
    assert mixed[0] == pytest.approx((moves[1] + 0.85 * moves[2]) / 1.85)
    assert mixed[1] == pytest.approx(moves[0])
