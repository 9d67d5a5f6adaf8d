"""The n-gram against its recursive formula."""

from collections import Counter

import pytest

from tests.support.baseline_data import ITEMS, ROWS, TEST, TRAIN, before, lists
from tideline.models.baselines import ngram
from tideline.models.baselines.ngram import Ngram

START = -2


@pytest.mark.parametrize("order", [0, 1, 3])
def test_ngram_is_the_recursive_formula_of_witten_and_bell(order: int) -> None:
    after: dict[tuple[int, ...], Counter[int]] = {}
    for each in lists(TRAIN):
        opened = [START, *each]
        for at in range(1, len(opened)):
            for length in range(min(order, at) + 1):
                after.setdefault(tuple(opened[at - length : at]), Counter())[opened[at]] += 1

    def p(item: int, context: tuple[int, ...]) -> float:
        shorter = p(item, context[1:]) if context else 1 / ITEMS
        if context not in after:
            return shorter
        counts = after[context]
        return (counts[item] + len(counts) * shorter) / (counts.total() + len(counts))

    for row, scores in zip(ROWS.tolist(), Ngram(TRAIN, order).scores(TEST, ROWS), strict=True):
        context = tuple([START, *before(row)][-order:]) if order else ()
        if -1 in context:
            context = context[len(context) - context[::-1].index(-1) :]
        assert scores == pytest.approx([p(j, context) for j in range(ITEMS)])
        assert scores.sum() == pytest.approx(1.0)


def test_the_default_order_of_the_ngram_is_three() -> None:
    assert ngram.ORDER == 3
