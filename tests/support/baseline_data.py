"""Small random data for baselines, and what slow loops need of it."""

from collections import Counter

import numpy as np

from tests.support.sequences import drawn
from tideline.models.data import Sequences, owners

ITEMS = 12
TRAIN = drawn(seed=1, number=40, names=ITEMS, longest=9)
TEST = drawn(seed=2, number=25, names=ITEMS, longest=70, unknown=0.15)
ROWS = np.setdiff1d(np.arange(TEST.item.size), TEST.starts[:-1])[::7]


def lists(data: Sequences) -> list[list[int]]:
    return [part.tolist() for part in np.split(data.item, data.starts[1:-1])]


def before(row: int) -> list[int]:
    items: list[int] = TEST.item[TEST.starts[owners(TEST)[row]] : row].tolist()
    return items


def events() -> Counter[int]:
    return Counter(item for each in lists(TRAIN) for item in each)
