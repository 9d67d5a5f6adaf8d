"""What the learner keeps and tells of pushes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.flink_states import MemoryContext
from tests.support.opened_learner import Opened, Seen
from tests.support.push_rows import told_rows
from tideline.udfs.core.control.control import PublishPolicy
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.policies.arm_key import PUSH_KEY
from tideline.udfs.core.policies.fence import epoch_of
from tideline.udfs.core.push.learned.push_feedback import encode_push_rows
from tideline.udfs.core.push.learned.push_known import decode_known, encode_known, known_of
from tideline.udfs.core.push.learned.push_learning import NO_PUSH_SUMS, learned_pushes
from tideline.udfs.core.rewards.feedback import encode_feedback

PUSHING = ("--push", '{"week": 2, "zones": ["UTC"]}', "--salt", "s", "--epoch", "7")
DECAY = Decay(28 * 86_400_000)
FEEDBACK = encode_feedback(Seen().feedback()[:5])


def _parts(count: int = 6) -> list[bytes]:
    return [encode_push_rows(each) for each in np.array_split(told_rows(90, 4, 40 * 86_400_000), count)]


def _states(context: MemoryContext) -> dict[str, Any]:
    return {name: each.held for name, each in context.values.items()}


def test_what_is_learned_is_told_at_first_and_then_once_a_minute() -> None:
    """Contract: of 20 s each three intervals; also in those that bring only lists, so who starts finds it; the record
    is of all that is known, and says which job wrote it."""
    operator = Opened(MemoryContext(), *PUSHING, "--publish-ms", "20000")
    parts = _parts()
    told = [operator.feed([part]).get(PUSH_KEY) for part in parts[:4]]
    told += [operator.feed([FEEDBACK]).get(PUSH_KEY) for _ in range(6)]
    assert [each is not None for each in told] == [True, False, True, False, False, True, False, False, True, False]
    expected = known_of(learned_pushes(NO_PUSH_SUMS, parts[:4], DECAY).sums, DECAY)
    assert told[5] == told[8] == encode_known(expected, 7)
    assert epoch_of(told[0]) == 7
    assert operator.order(PublishPolicy("all"))[PUSH_KEY] == told[8]


def test_a_restored_learner_tells_what_the_one_before_it_would_have() -> None:
    """Contract: the same records and states, restored before each interval or never."""
    outcomes = []
    for restored in (False, True):
        context = MemoryContext()
        operator = Opened(context, *PUSHING, "--publish-ms", "20000")
        told = []
        for part in _parts():
            if restored:
                operator = Opened(context, *PUSHING, "--publish-ms", "20000")
            told.append(operator.feed([part, FEEDBACK]))
        outcomes.append((told, _states(context)))
    assert outcomes[0] == outcomes[1]


def test_rows_of_lists_are_what_they_are_without_pushes() -> None:
    """Contract: nothing that a list is made with depends on them, and a job without pushes keeps nothing of them."""
    contexts = [MemoryContext(), MemoryContext(), MemoryContext()]
    plain, pushing, silent = (
        Opened(each, *flags) for each, flags in zip(contexts, ((), PUSHING, PUSHING), strict=True)
    )
    alone, beside, none = plain.feed([FEEDBACK]), pushing.feed([*_parts(2), FEEDBACK]), silent.feed([FEEDBACK])
    epochs = {key: epoch_of(value) for key, value in beside.items()}
    assert set(epochs) == {*alone, PUSH_KEY}
    assert list(beside)[-1] != PUSH_KEY  # a publication ends with a prior
    assert none == {key: value for key, value in beside.items() if key != PUSH_KEY}
    assert {"pushes", "pushes_wait"} <= _states(contexts[0]).keys()
    for context in (contexts[0], contexts[2]):
        assert [_states(context)[name] for name in ("pushes", "pushes_wait")] == [None, None]


def test_without_the_option_what_is_known_stays_and_is_told_to_nobody() -> None:
    """Contract: a restart without pushes goes on, with what was on its way too; with them again nothing is lost."""
    context = MemoryContext()
    parts = _parts()
    Opened(context, *PUSHING).feed(parts[:3])
    without = Opened(context)
    assert PUSH_KEY not in without.feed([*parts[3:], FEEDBACK])
    assert PUSH_KEY not in without.order(PublishPolicy("all"))
    again = Opened(context, *PUSHING)
    found = decode_known(again.order(PublishPolicy("all"))[PUSH_KEY], 0)
    expected = known_of(learned_pushes(NO_PUSH_SUMS, parts, DECAY).sums, DECAY)
    assert np.array_equal(found.effects.theta, expected.effects.theta)
    assert np.array_equal(found.ledger, expected.ledger)


def test_a_restart_with_another_half_life_keeps_what_came_of_messages() -> None:
    """Contract: sums migrate to other buckets; none is lost."""
    context = MemoryContext()
    Opened(context, *PUSHING).feed(_parts())
    before = Opened(context, *PUSHING)._pushes.sums
    after = Opened(context, *PUSHING, "--half-life-days", "280")._pushes.sums
    assert after.effects.size < before.effects.size
    for name in ("design", "brought", "sends", "values"):
        assert np.array_equal(after.effects[name].sum(axis=0), before.effects[name].sum(axis=0))
