"""One ranker in one world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.value.value_play import NONE, Shown, Truth, best_first, play
from tideline.scripts.benchmarks.worlds.value_world import Response

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass
class Shows:
    """A ranker that shows everybody one list, and remembers what it was given."""

    entries: tuple[int, ...]
    seen: list[NDArray[np.int64]] = field(default_factory=list)
    told: list[Shown] = field(default_factory=list)

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the one list."""
        self.seen.append(seen.copy())
        return np.tile(self.entries, (visits.size, 1))

    def learn(self, shown: Shown) -> None:
        """Remember."""
        self.told.append(shown)


def response(from_ms: int, *click: float, converts: float = 0.5) -> Response:
    """Return what one user does with each activity."""
    chance = np.array([click])
    return Response(from_ms, chance, chance * converts, np.full(chance.shape, 7.0))


def truth_of(*responses: Response, visits: int = 2, at_once: int = 1, fatigue: float = 1.0) -> Truth:
    """Return visits of one user, one a millisecond, who looks at the second place half of the time."""
    slices = tuple(np.split(np.arange(visits), range(at_once, visits, at_once)))
    return Truth(np.zeros(visits, np.int64), np.arange(visits), slices, responses, (1.0, 0.5), fatigue)


def test_clicks_are_what_the_truth_expects() -> None:
    """Contract: .4 in the first place and half of .2 in the second, in each visit, whatever was drawn."""
    played = play(truth_of(response(0, 0.4, 0.2, 0.0)), Shows((0, 1)), 1)
    assert played.clicks.tolist() == pytest.approx([0.5, 0.5])
    assert played.impressions.tolist() == [2, 2]


def test_an_empty_place_is_no_impression_and_never_clicked() -> None:
    """Contract: NONE counts nothing, though the last activity is always clicked."""
    ranker = Shows((0, NONE))
    played = play(truth_of(response(0, 0.4, 1.0), visits=50), ranker, 1)
    assert set(played.impressions.tolist()) == {1}
    assert played.clicks == pytest.approx(np.full(50, 0.4))
    assert not any(shown.clicked[:, 1].any() for shown in ranker.told)
    assert ranker.seen[-1].tolist() == [[49, 0]]


def test_a_slice_is_ranked_before_anything_of_it_is_learned() -> None:
    """Contract: a ranker is asked and told once for each slice, and has seen what was before it alone."""
    ranker = Shows((1, 0))
    play(truth_of(response(0, 0.4, 0.2), visits=5, at_once=2), ranker, 1)
    assert [shown.visits.tolist() for shown in ranker.told] == [[0, 1], [2, 3], [4]]
    assert [seen[:, 1].tolist() for seen in ranker.seen] == [[0, 0], [2, 2], [4]]


def test_who_has_seen_an_activity_clicks_it_less() -> None:
    """Contract: half of the chance is left each time."""
    played = play(truth_of(response(0, 0.4, 0.2), visits=3, fatigue=0.5), Shows((0, 1)), 1)
    assert played.clicks.tolist() == pytest.approx([0.5, 0.25, 0.125])


def test_what_is_drawn_is_the_same_for_all_rankers() -> None:
    """Contract: where all activities are alike, two orders get the same clicks at a seed; another seed, others."""
    truth = truth_of(response(0, 0.5, 0.5), visits=200, at_once=200)
    one, other, again = Shows((0, 1)), Shows((1, 0)), Shows((0, 1))
    play(truth, one, 1)
    play(truth, other, 1)
    play(truth, again, 2)
    assert (one.told[0].clicked == other.told[0].clicked).all()
    assert (one.told[0].clicked != again.told[0].clicked).any()
    assert one.told[0].clicked.mean(axis=0) == pytest.approx([0.5, 0.25], abs=0.1)


@pytest.mark.parametrize("converts", [0.0, 1.0])
def test_only_clicks_convert(converts: float) -> None:
    """Contract: all of them where the chances are the same, none where there is none."""
    ranker = Shows((0, 1))
    play(truth_of(response(0, 0.5, 0.5, converts=converts), visits=100, at_once=100), ranker, 1)
    assert ranker.told[0].clicked.any()
    assert (ranker.told[0].converted == ranker.told[0].clicked * (converts == 1.0)).all()
    assert (ranker.told[0].revenue == 7.0).all()


def test_the_newest_response_that_has_begun_holds() -> None:
    """Contract: from its moment on; before the first one's moment the first."""
    truth = truth_of(response(1, 0.1), response(2, 0.2), response(3, 0.3), visits=5)
    found = [float(truth.response_at(np.array([visit])).click[0, 0]) for visit in range(5)]
    assert found == [0.1, 0.1, 0.2, 0.3, 0.3]


def test_the_best_come_first_among_those_that_may_be_shown() -> None:
    """Contract: of equal scores the first one; NONE where no more may be shown or there are no more."""
    scores = np.array([[0.1, 0.9, 0.9, 0.5], [0.1, 0.9, 0.9, 0.5]])
    may = np.array([[True, True, True, True], [True, False, False, False]])
    assert best_first(scores, may, 3).tolist() == [[1, 2, 3], [0, NONE, NONE]]
    assert best_first(scores, may, 5).tolist()[0] == [1, 2, 3, 0, NONE]
