"""The parts of a blend and their mixture."""

import numpy as np
import pytest

from tests.support.sequences import drawn, sequences
from tideline.models.baselines.markov import Markov
from tideline.models.baselines.vsknn import VectorSessionKnn
from tideline.models.blend import PARTS, Blend, Past, best_weights
from tideline.models.data import Sequences

NAMES = 30


def everything(data: Sequences, most: int = 10**6) -> Past:
    return Past.of(data, np.ones(data.item.size, np.bool_), most)


def targets(data: Sequences) -> np.ndarray:  # type: ignore[type-arg]
    return np.setdiff1d(np.arange(data.item.size), data.starts[:-1])


def test_the_past_has_what_ended_last_in_the_order_in_which_it_ended() -> None:
    """Contract: chosen events with an item, of whole-sequence order; bounded to the newest; names are hashes."""
    data = sequences([[4, 5, 6], [7, -1, 7], [8, 9]], NAMES)
    data.ts_ms[:3] += 10**6  # the first sequence ends last
    chosen = np.ones(data.item.size, np.bool_)
    chosen[1] = False
    past = Past.of(data, chosen, 100)
    names = {
        int(value): name for value, name in zip(Blend(past).places(data.item_names), data.item_names, strict=False)
    }
    found = [[names[each] for each in part] for part in np.split(past.item, past.starts[1:-1])]
    assert found == [["i7", "i7"], ["i8", "i9"], ["i4", "i6"]]
    assert Past.of(data, chosen, 3).item.size == 3
    assert Past.of(data, chosen, 3).hashes.size == 3


def test_a_past_comes_back_from_a_head_as_it_was() -> None:
    past = everything(drawn(1, 20, NAMES, 9, unknown=0.1))
    again = Past.from_head(past.to_head())
    for name in ("hashes", "item", "starts"):
        assert np.array_equal(getattr(past, name), getattr(again, name))


def test_nothing_is_a_past_too() -> None:
    past = Past.of(sequences([[1, 2]], NAMES), np.zeros(2, np.bool_), 100)
    assert (past.item.size, past.starts.tolist()) == (0, [0])


def only(part: str) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([float(each == part) for each in PARTS])


def test_the_parts_are_the_baselines_of_the_same_sequences() -> None:
    """Contract: sessions are V-SKNN's votes and moves Markov's probabilities, in the past's order of items."""
    train, test = drawn(1, 200, NAMES, 9), drawn(2, 20, NAMES, 9)
    blend = Blend(everything(train))
    place, rows = blend.places(train.item_names)[:-1], targets(test)
    assert (place >= 0).all()
    votes = VectorSessionKnn(train).votes(test, rows)
    for part, wanted in (
        ("sessions", votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-30)),
        ("moves", Markov(train).scores(test, rows)),
    ):
        mixed, _ = blend.mixed(blend.told(test), rows, only(part))
        assert mixed[:, place] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("part", PARTS[1:])
def test_a_part_says_a_probability_of_one_or_nothing(part: str) -> None:
    train, test = drawn(1, 60, NAMES, 9), drawn(2, 40, NAMES, 9, unknown=0.3)
    blend = Blend(everything(train))
    total = blend.mixed(blend.told(test), targets(test), only(part))[0].sum(axis=1)
    assert ((np.abs(total - 1.0) < 1e-9) | (total == 0.0)).all()


def test_repeats_are_of_the_newest_the_second_and_older_items() -> None:
    data = sequences([[1, 2, 3, 4, 5]], NAMES)
    blend = Blend(everything(data))
    place = blend.places(data.item_names)
    found = [blend.mixed(blend.told(data), np.array([4]), only(part))[0][0] for part in PARTS[3:]]
    assert found[0][place[4]] == 1.0
    assert found[1][place[3]] == 1.0
    assert found[2][place[[2, 1]]] == pytest.approx([1 / 1.8, 0.8 / 1.8])


def test_a_mixture_gives_what_a_silent_part_has_to_the_network() -> None:
    """Contract: with the network's share all probabilities of a row sum to 1, whatever the parts know."""
    train, test = drawn(1, 60, NAMES, 9), drawn(2, 40, NAMES, 9, unknown=0.5)
    blend, rows = Blend(everything(train)), targets(test)
    weights = np.array([0.4, 0.2, 0.2, 0.1, 0.05, 0.05])
    mixed, left = blend.mixed(blend.told(test), rows, weights)
    assert mixed.sum(axis=1) + left == pytest.approx(np.ones(rows.size))
    assert left.min() == pytest.approx(0.4)
    assert left.max() == pytest.approx(1.0)
    network = np.full(rows.size, 0.01)
    chances = blend.of_targets(blend.told(test), rows, network)
    own = blend.told(test).item[rows]
    given = np.where(own >= 0, mixed[np.arange(rows.size), own], 0.0) + left * network
    assert chances @ weights == pytest.approx(given)


def test_the_best_weights_are_those_that_made_the_targets() -> None:
    """Contract: maximum likelihood: targets drawn from a mixture of known parts give its weights back."""
    rng = np.random.default_rng(1)
    true, parts = np.array([0.6, 0.3, 0.1]), rng.dirichlet(np.full(50, 0.3), 3)
    drawn_items = rng.choice(50, 20_000, p=true @ parts)
    found = best_weights(parts[:, drawn_items].T)
    assert found == pytest.approx(true, abs=0.02)
    assert found.sum() == pytest.approx(1.0)
