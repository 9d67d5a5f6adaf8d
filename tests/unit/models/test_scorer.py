import numpy as np
import pytest

from tests.support.sequences import sequences
from tests.unit.models.conftest import ARTEFACTS
from tideline.models.encoder import Encoder
from tideline.models.scorer import UNKNOWN, Scorer
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.features import item_index, known_index

ENCODER = Encoder.load(ARTEFACTS / "demo-1", "cpu")
RNG = np.random.default_rng(1)


def head() -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    sizes = {"item": ENCODER.vocabulary.item_indices, "category": ENCODER.vocabulary.category_indices}
    found = {}
    for name, size in sizes.items():
        found[f"{name}_vectors"] = RNG.normal(size=(size, 5)).astype(np.float32)
        found[f"{name}_bias"] = RNG.normal(size=size).astype(np.float32)
        found[f"{name}_map"] = RNG.normal(size=(ENCODER.hidden, 5)).astype(np.float32)
    return found


def test_log_scores_are_the_softmax_over_all_indices_but_none_shared_within_a_bucket() -> None:
    """Contract: one item at a time, in double precision; items of one bucket have its probability equally."""
    names = 3_000
    data = sequences([[1, 2, 3, 4], [2_999, 7] * 20], names)
    rows = np.array([1, 3, 5, 43])
    parts = head()
    scorer = Scorer(ENCODER, parts)
    h = scorer.encode(data, rows)[0].astype(np.float64)
    logits = h @ parts["item_map"] @ parts["item_vectors"].T.astype(np.float64) + parts["item_bias"]
    p = np.exp(logits[:, 1:])
    p /= p.sum(axis=1, keepdims=True)
    index = item_index(np.array([hash32(f"i{each}") for each in range(names)], np.uint32), ENCODER.vocabulary)
    sharing = np.array([(index == each).sum() for each in index])
    assert sharing.max() > 1
    assert scorer.log_scores(data, rows, "item", data.item_names) == pytest.approx(
        np.log(p[:, index - 1] / sharing), abs=1e-4
    )


def test_a_category_that_the_model_does_not_know_has_next_to_no_probability() -> None:
    data = sequences([[1, 2]], 3, categories=[[0, 1]])
    data.category_names[:] = ["GRAPES", "BACON", "nothing known"]
    parts = head()
    scorer = Scorer(ENCODER, parts)
    log_p = scorer.log_scores(data, np.array([1]), "category", data.category_names)
    h = scorer.encode(data, np.array([1]))[0]
    logits = h @ parts["category_map"] @ parts["category_vectors"].T + parts["category_bias"]
    p = np.exp(logits[0, 1:]) / np.exp(logits[0, 1:]).sum()
    index = known_index(np.array([hash32("GRAPES"), hash32("BACON")], np.uint32), ENCODER.vocabulary.hashes)
    assert (index > 0).all()
    assert log_p[0] == pytest.approx([*np.log(p[index - 1]), np.log(UNKNOWN)], abs=1e-4)


def test_a_row_scores_the_same_alone_and_among_others() -> None:
    data = sequences([RNG.integers(0, 50, length).tolist() for length in (2, 17, 33, 80)], 50)
    rows = np.setdiff1d(np.arange(data.item.size), data.starts[:-1])
    scorer = Scorer(ENCODER, head())
    h, x = scorer.encode(data, rows)
    for at in range(0, rows.size, 9):
        alone_h, alone_x = scorer.encode(data, rows[at : at + 1])
        assert alone_h[0].tobytes() == h[at].tobytes()
        assert alone_x[0].tobytes() == x[at].tobytes()


def test_nothing_to_score_is_nothing() -> None:
    data = sequences([[1]], 3)
    assert Scorer(ENCODER, head()).log_scores(data, np.zeros(0, np.int64), "item", data.item_names).shape == (0, 3)
