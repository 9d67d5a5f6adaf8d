import numpy as np
import pytest

from tests.support.sequences import sequences
from tideline.models.task import make_task, training_labels

TRAIN = sequences([[0, 1, 2], [2, 0]], 3, [[0, -1, 1], [-1, -1]])
TEST = sequences([[3], [1, -1, 3, 0], [2, 2, -1], [-1, 3]], 4, [[0], [2, 1, -1, 0], [-1, 1, 1], [2, -1]])


def test_last_predicts_the_last_item_of_each_sequence_and_all_every_item_after_the_first_event() -> None:
    """Contract: the targets of both modes, unknown ones among them; a sequence of one event has none."""
    last, every = (make_task(TRAIN, TEST, which, "item") for which in ("last", "all"))
    assert last.rows.tolist() == [4, 6, 9]
    assert last.labels.tolist() == [0, 2, -1]
    assert (last.sequence.tolist(), last.sequences) == ([0, 1, 2], 3)
    assert every.rows.tolist() == [3, 4, 6, 9]
    assert every.labels.tolist() == [-1, 0, 2, -1]
    assert every.sequence.tolist() == [0, 0, 1, 2]


def test_baselines_see_the_labelled_events_before_a_target_and_no_others() -> None:
    task = make_task(TRAIN, TEST, "all", "item")
    assert task.labelled.item.tolist() == [-1, 1, -1, 0, 2, 2, -1]
    assert task.labelled.starts.tolist() == [0, 1, 4, 6, 7]
    assert task.labelled_rows.tolist() == [2, 3, 5, 6]
    assert task.labelled.item[task.labelled_rows].tolist() == task.labels.tolist()


def test_categories_take_the_place_of_items() -> None:
    """Contract: events without a category are no targets and not in a baseline's context."""
    task = make_task(TRAIN, TEST, "all", "category")
    assert task.rows.tolist() == [2, 4, 6, 7]
    assert task.labels.tolist() == [1, 0, 1, 1]
    assert task.labelled.item.tolist() == [0, 2, 1, 0, 1, 1, 2]
    assert task.labelled.starts.tolist() == [0, 1, 4, 6, 7]
    assert task.events is TEST


def test_training_sequences_without_a_label_are_left_out() -> None:
    labels = training_labels(TRAIN, "category")
    assert (labels.item.tolist(), labels.starts.tolist(), labels.names.tolist()) == ([0, 1], [0, 2], ["s0"])
    assert labels.item_names.tolist() == ["c0", "c1", "c2"]


@pytest.mark.parametrize("which", ["last", "all"])
def test_a_test_file_without_any_target_makes_an_empty_task(which: str) -> None:
    task = make_task(TRAIN, sequences([[0], [1]], 3), which, "item")  # type: ignore[arg-type]
    assert (task.rows.size, task.sequences) == (0, 0)
    assert task.rows.dtype == np.int64
