import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.features import StepInputs, Vocabulary, item_index, known_index, step_inputs

VOCABULARY = Vocabulary.of([], 1_000, ["MILK", "BREAD", "CHEESE"])
KNOWING = Vocabulary.of(["sku-1", "sku-2", "sku-3"], 10, [])
RISING = sorted(["MILK", "BREAD", "CHEESE"], key=hash32)


def test_each_number_is_as_computed_by_hand() -> None:
    found = step_inputs(
        VOCABULARY,
        items=np.array([0, 999, 1_000, 2**32 - 1], dtype=np.uint32),
        categories=np.array([0, hash32("MILK"), hash32("unheard of"), 2**32 - 1], dtype=np.uint32),
        types=np.array([0, 1, 2, 3], dtype=np.uint8),
        gap_ms=np.array([0, 1_500, 30 * 86_400_000, 10**12], dtype=np.int64),
        price=np.array([0.0, 2.5, 1_000.0, 65_504.0], dtype=np.float32),
        quantity=np.array([0.0, 1.0, 100.0, 255.0], dtype=np.float32),
    )
    assert found.item.tolist() == [0, 1_000, 1, (2**32 - 1) % 1_000 + 1]
    assert found.category.tolist() == [0, RISING.index("MILK") + 1, 0, 0]
    assert found.type.tolist() == [0, 1, 2, 3]
    assert found.gap == pytest.approx([0, math.log(2.5) / math.log1p(30 * 86_400), 1, 1], abs=1e-6)
    assert found.price == pytest.approx([0, math.log(3.5) / math.log(1_001), 1, 1], abs=1e-6)
    assert found.quantity == pytest.approx([0, math.log(2) / math.log(101), 1, 1], abs=1e-6)


def test_a_known_item_has_an_index_of_its_own_and_any_other_a_bucket_behind_them() -> None:
    rising = sorted(["sku-1", "sku-2", "sku-3"], key=hash32)
    items = np.array([0, *map(hash32, rising), hash32("sku-4"), 1, 2**32 - 1], dtype=np.uint32)
    found = item_index(items, KNOWING)
    assert found.tolist() == [0, 1, 2, 3, 4 + hash32("sku-4") % 10, 4 + 1, 4 + (2**32 - 1) % 10]
    assert found.dtype == np.int64
    assert (KNOWING.item_indices, KNOWING.category_indices) == (14, 1)
    assert (VOCABULARY.item_indices, VOCABULARY.category_indices) == (1_001, 4)


def test_without_known_categories_every_category_is_unknown() -> None:
    assert known_index(np.array([0, 7], np.uint32), KNOWING.hashes).tolist() == [0, 0]


def test_names_of_one_hash_share_an_index() -> None:
    """Contract: a history keeps hashes, so such names are one to the model; both stay in its vocabulary."""
    one, other = "plumless", "buckeroo"  # a known collision of CRC-32
    assert hash32(one) == hash32(other)
    assert Vocabulary.of([one, other], 1, [one, other]).items.tolist() == [hash32(one)]


def one_event(price: float) -> StepInputs:
    none = np.zeros(1, dtype=np.uint32)
    number = np.array([price], dtype=np.float32)
    return step_inputs(VOCABULARY, none, none, np.zeros(1, np.uint8), np.zeros(1, np.int64), number, number)


def test_the_types_are_those_of_the_model_inputs() -> None:
    found = one_event(price=1.0)
    assert [getattr(found, name).dtype.name for name in ("item", "category", "type")] == ["int64"] * 3
    assert [getattr(found, name).dtype.name for name in ("gap", "price", "quantity")] == ["float32"] * 3


def test_every_known_category_has_its_own_index_and_order_of_names_does_not_matter() -> None:
    other = Vocabulary.of([], 1_000, ["CHEESE", "MILK", "BREAD"])
    assert other.hashes.tolist() == VOCABULARY.hashes.tolist() == [hash32(name) for name in RISING]


@pytest.mark.parametrize("price", [math.nan, -5.0, -math.inf])
def test_a_price_or_quantity_that_is_none_reads_as_zero(price: float) -> None:
    assert one_event(price).price.tolist() == one_event(price).quantity.tolist() == [0.0]


@pytest.mark.parametrize(
    ("items", "buckets", "categories", "named"),
    [([], 10, ["A", "A"], "categories"), (["i", "i"], 10, ["A"], "items"), ([], 0, ["A"], "item_buckets")],
)
def test_a_vocabulary_that_cannot_be_used_is_refused(
    items: list[str], buckets: int, categories: list[str], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Vocabulary.of(items, buckets, categories)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_a_row_has_the_same_features_in_any_batch(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    columns: tuple[Any, ...] = (
        rng.integers(0, 2**32, size, dtype=np.uint32),
        rng.choice(np.append(VOCABULARY.hashes, np.uint32(7)), size),
        rng.integers(0, 4, size, dtype=np.uint8),
        rng.integers(0, 10**11, size),
        (rng.random(size) * 2_000).astype(np.float32),
        rng.integers(0, 256, size).astype(np.float32),
    )
    together = step_inputs(VOCABULARY, *columns)
    row = int(rng.integers(size))
    alone = step_inputs(VOCABULARY, *(column[row : row + 1] for column in columns))
    for name in ("item", "category", "type", "gap", "price", "quantity"):
        assert getattr(together, name)[row].tobytes() == getattr(alone, name)[0].tobytes()
        assert np.isfinite(getattr(together, name)).all()
