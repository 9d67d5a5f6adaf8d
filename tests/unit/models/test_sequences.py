import numpy as np
import pytest
from numpy.typing import NDArray

from tideline.models.data import Sequences
from tideline.models.sequences import Windows, event_inputs, window_inputs, windows
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.features import Vocabulary, step_inputs

NAMES = [f"category {number:02d}" for number in range(60)]
ITEMS = [f"item-{number}" for number in range(60)]
VOCABULARY = Vocabulary.of(ITEMS[:30], 100, NAMES)
LENGTHS = [1, 2, 15, 16, 17, 18, 31, 32, 33, 60]


def sequences(lengths: list[int]) -> Sequences:
    """One sequence for each length; its k-th event is about item k and category k."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    nth = np.concatenate([np.arange(length) for length in lengths])
    return Sequences(
        starts=starts,
        names=np.array([str(s) for s in range(len(lengths))], dtype=object),
        item=np.where(nth % 4 == 1, -1, nth),
        category=nth,
        type=(nth % 4).astype(np.uint8),
        ts_ms=1_000_000 * (nth + 1),
        price=(nth * 1.1 + (nth == 59) * 1e6).astype(np.float32),
        quantity=nth * 7,
        item_names=np.array(ITEMS, dtype=object),
        category_names=np.array(NAMES, dtype=object),
    )


def predictions(starts: NDArray[np.int64], pieces: Windows) -> dict[int, list[int]]:
    """The contexts, as lists of rows, from which each row is predicted."""
    everything = np.arange(pieces.first.size)
    rows, counts = pieces.rows(everything), pieces.counts(everything)
    found: dict[int, list[int]] = {}
    for window, step in zip(*np.nonzero(counts), strict=True):
        target = int(rows[window, step]) + 1
        assert target not in found
        found[target] = rows[window, : step + 1].tolist()
    return found


def test_every_event_after_the_first_is_predicted_once_from_the_window_served_online() -> None:
    """Contract: after n events of a user the context is the newest 16 + n mod 16 of them, or all while n < 16."""
    starts = sequences(LENGTHS).starts
    found = predictions(starts, windows(starts))
    wanted = {}
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        for seen in range(1, end - start):
            length = seen if seen < 16 else 16 + seen % 16
            wanted[start + seen] = list(range(start + seen - length, start + seen))
    assert found == wanted


@pytest.mark.parametrize("shift", [1, 7, 15])
def test_shifted_windows_predict_every_event_once_too_from_contexts_of_16_to_31(shift: int) -> None:
    starts = sequences(LENGTHS).starts
    found = predictions(starts, windows(starts, np.full(len(LENGTHS), shift)))
    own = np.searchsorted(starts, np.arange(starts[-1]), side="right") - 1
    assert sorted(found) == [row for row in range(starts[-1]) if row not in starts]
    for target, context in found.items():
        seen = target - starts[own[target]]
        assert context == list(range(target - len(context), target))
        assert len(context) == seen or 16 <= len(context) <= 31


def test_training_reads_the_features_that_serving_computes() -> None:
    """Contract: no skew between training and serving: a price is a half, a quantity a byte, the first has no gap."""
    data = sequences([60])
    inputs = event_inputs(data, VOCABULARY)
    batch = window_inputs(inputs, windows(data.starts).rows(np.array([1])))
    events = slice(16, 47)
    served = step_inputs(
        VOCABULARY,
        items=np.array([hash32(ITEMS[at]) if at >= 0 else 0 for at in data.item[events]], dtype=np.uint32),
        categories=np.array([hash32(NAMES[code]) for code in data.category[events]], dtype=np.uint32),
        types=data.type[events],
        gap_ms=np.diff(data.ts_ms[events], prepend=data.ts_ms[16]),
        price=data.price[events].astype(np.float16).astype(np.float32),
        quantity=np.minimum(data.quantity[events], 255).astype(np.float32),
    )
    for name in ("item", "category", "type", "gap", "price", "quantity"):
        assert getattr(batch, name)[0].tolist() == getattr(served, name).tolist()
    assert inputs.price[59] == event_inputs(sequences([60]), VOCABULARY).price.max() <= 1.0


def test_batches_hold_every_chosen_window_once_and_few_steps_past_an_end() -> None:
    rng = np.random.default_rng(1)
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, 80, 3_000))])
    pieces = windows(starts)
    chosen = np.arange(0, pieces.first.size, 2)
    batches = list(pieces.batches(chosen, 512, rng))
    assert sorted(np.concatenate(batches).tolist()) == chosen.tolist()
    steps = [int(pieces.steps[part].sum()) for part in batches]
    assert max(steps) <= 512 + 31
    padded = sum(pieces.rows(part).size for part in batches)
    assert padded <= 1.02 * sum(steps)
    assert [part.tolist() for part in batches] != sorted(part.tolist() for part in batches)


def test_sequences_of_one_event_have_no_window() -> None:
    assert windows(np.array([0, 1, 2])).first.size == 0


def test_the_newest_windows_are_those_that_end_last() -> None:
    """Contract: a share of all, rounded up, in rising order; of equal times the later rows."""
    pieces = windows(np.array([0, 3, 6, 9]))
    ts_ms = np.array([1, 2, 9, 1, 2, 3, 1, 2, 9])
    assert pieces.newest(ts_ms, 0.3).tolist() == [2]
    assert pieces.newest(ts_ms, 0.5).tolist() == [0, 2]
    assert pieces.newest(ts_ms, 1.0).tolist() == [0, 1, 2]
