"""A shop in one process: rankers decide, users do as they are moved to, the learner learns, rankers decide by that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.support.core_world import ArithmeticEncoder
from tests.support.flink_states import MemoryContext
from tests.support.opened_learner import Opened
from tests.support.push_job import DAY_MS, HOUR_MS, MIDNIGHT_MS, PushJob, push_world
from tests.support.push_world import decoded
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.policies.arm_key import PUSH_KEY
from tideline.udfs.core.push.effect_sums import effect_entries
from tideline.udfs.core.push.effects import effects_of
from tideline.udfs.core.push.learned.push_known import decode_known
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.sending import LEARN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.push.push_record import PushRecord
    from tideline.udfs.core.users.features import StepInputs

_PUSH = '{"week": 7, "zones": ["UTC"], "cost": 0.1, "horizon_h": 4}'
_FLAGS = ("--push", _PUSH, "--salt", "s", "--publish-ms", "60000", "--half-life-days", "0")
_DAYS, _OF_EACH, _COST = 8, 120, 0.1
_MOVED = {f"m{number}": "wine" for number in range(_OF_EACH)}
"""They buy once in twenty times, and every other time where they are sent a message."""
_LOYAL = {f"l{number}": "bread" for number in range(_OF_EACH)}
"""They buy every other time whatever is sent."""


class LoudEncoder(ArithmeticEncoder):
    """Tells users who like other things well apart, as a trained encoder does."""

    def step(self, inputs: StepInputs, h: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return contexts of eight times the size."""
        h_next, x = super().step(inputs, h)
        return h_next, np.clip(x * np.float32(8.0), -1.0, 1.0)


class Shop:
    """A ranker's subtask and the learner, day by day."""

    def __init__(self) -> None:
        """Begin on a day before any message."""
        self.random = np.random.default_rng(4)
        ranker = replace(push_world(read_push(_PUSH)), weights=(0.0, 1.0, 0.0, 0.0))
        self.job, self.learner = (
            PushJob(ranker.with_encoder(LoudEncoder()), now_ms=MIDNIGHT_MS),
            Opened(MemoryContext(), *_FLAGS),
        )
        self.parts: list[bytes] = []

    def day(self, number: int) -> list[PushRecord]:
        """Return what is told on a day, once what came of it is learned."""
        job, begins_ms = self.job, MIDNIGHT_MS + number * DAY_MS
        job.until(begins_ms + 7 * HOUR_MS)
        users = {**_MOVED, **_LOYAL}
        job.see(*(Event(f"{each}.{number}", each, EventType.VIEW, job.now_ms, "i", of) for each, of in users.items()))
        if not number:
            job.agree(users)
        told = job.until(begins_ms + DAY_MS)
        job.see(*(self._purchase(each) for each in told if self._buys(each)))
        parts = [part for part in job.feedback if part]
        job.feedback.clear()
        self.parts += parts
        if parts:
            record = self.learner.feed(parts)[PUSH_KEY]
            job.ranker = job.ranker.with_pushes(decode_known(record, number))
        return told

    def _buys(self, told: PushRecord) -> bool:
        chance = 0.5 if told.user_id in _LOYAL or told.sent else 0.05
        return bool(self.random.random() < chance)

    def _purchase(self, told: PushRecord) -> Event:
        at_ms = told.told_ms + HOUR_MS
        category = {**_MOVED, **_LOYAL}[told.user_id]
        return Event(f"b{told.push_id}", told.user_id, EventType.PURCHASE, at_ms, "i", category, 1.0, 1)


def test_rankers_learn_whom_messages_move() -> None:
    """Contract: by half of all at first; at last to those who are moved nearly always and to the loyal seldom,
    which earns most of what can be; the effect that rankers have is that of the formula over all that they told."""
    shop = Shop()
    days = [shop.day(number) for number in range(_DAYS)]
    rows = decoded(shop.parts)
    known = shop.job.ranker.pushes
    expected = effects_of(effect_entries(rows, Decay(0)), Decay(0))
    assert np.array_equal(known.effects.theta, expected.theta)
    assert rows["decisions"].sum() == sum(map(len, days)) == known.ledger["exposure"].sum() // 100
    first, last = days[1], days[-1]
    assert {each.chance for each in first} == {LEARN}
    chances = [np.mean([each.chance / 256 for each in last if each.user_id in some]) for some in (_MOVED, _LOYAL)]
    assert chances[0] > 0.8
    assert chances[1] < 0.3
    late = [each for told in days[_DAYS // 2 :] for each in told]
    gains = [(0.45 if each.user_id in _MOVED else 0.0) - _COST for each in late]
    earned = sum(gain for gain, each in zip(gains, late, strict=True) if each.sent)
    assert earned > 0.8 * sum(0.9 * gain for gain in gains if gain > 0.0)
