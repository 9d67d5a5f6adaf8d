"""What is learned stands in the states as it does in memory: whoever goes on from them has the same."""

from __future__ import annotations

from typing import Any, cast

from tests.support.core_world import KEYS
from tests.support.flink_states import MemoryContext
from tests.support.opened_learner import ACTIVITIES, ARMS, COUNT, NAMES, Seen
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.policies.policy_table import decode_row
from tideline.udfs.core.rewards.feedback import encode_feedback
from tideline.udfs.operators.kept.kept_learner import KeptLearner, settings_of
from tideline.udfs.settings.job_config import JobConfig

_ENCODER = REPOSITORY / "models" / "artefacts" / "demo-1"
_GIVEN: dict[str, Any] = {
    "bootstrap": "b:1", "redis_url": "redis://h", "encoder": _ENCODER, "token_keys": KEYS.secrets
}  # fmt: skip


def kept(context: MemoryContext, epoch: int = 7, **options: Any) -> KeptLearner:
    """The learner of an operator that is opened on these states."""
    return KeptLearner(cast("Any", context), JobConfig(**_GIVEN, **options), epoch)


def test_an_operator_that_goes_on_knows_what_the_former_one_did() -> None:
    """Contract: sums, features, an ordered encoder; rows carry the epoch that they are given."""
    context, parts = MemoryContext(), [encode_feedback(Seen().feedback()[at : at + 100]) for at in range(0, COUNT, 100)]
    first = kept(context)
    for each in ACTIVITIES:
        first.note(each.activity_id.encode(), encode_activity(each))
    assert [first.learn([part]) for part in parts]
    arms = first.take_up(9)
    again = kept(context)
    assert list(again.sums()) == list(first.sums())
    assert len(list(again.sums())) == ARMS - 1
    rows = [(row[0], row[1]) for row in first.rows(arms, [])]
    assert [(row[0], row[1]) for row in again.rows(arms, [])] == rows
    assert {(decode_row(value, 0)[1].epoch, decode_row(value, 0)[1].encoder) for _, value in rows} == {(7, 9)}
    assert context.values["ordered_encoder"].held == 9


def test_an_activity_without_terms_is_noted_and_nothing_is_told() -> None:
    """Contract: its features are kept until it is deleted; what is no activity leaves nothing."""
    context = MemoryContext()
    learner = kept(context)
    assert learner.note(NAMES[0].encode(), encode_activity(ACTIVITIES[0])) is None
    assert learner.note(b"x", b"no activity") is None
    assert context.maps["features"].values.keys() == {NAMES[0]}
    assert learner.note(NAMES[0].encode(), None) is None
    assert not context.maps["features"].values


def test_options_say_how_is_learned() -> None:
    found = settings_of(JobConfig(**_GIVEN, half_life_days=2.0, attribution_days=1.0, weight_conversion=3.0))
    assert (found.decay.half_life_ms, found.window_ms, found.worth[0]) == (2 * 86_400_000, 86_400_000, 3.0)
