"""The learner of a replay beside states in memory: what it publishes, and of what it leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyflink.common import Row

from tests.support.core_world import DAY_MS, NOON_MS
from tests.support.flink_states import MemoryContext
from tests.support.opened_learner import ACTIVITIES, COMMON, COUNT, ENCODER, NAMES, SECRETS, Opened, Seen
from tests.unit.udfs.operators.test_subtask import context as context_of
from tideline.models.registry import verify
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.control.control import Control, PublishPolicy, SetExperiment, VariantSpec, encode_control
from tideline.udfs.core.learning.learning import SUMS_VERSION
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey, RowKey, SumsKey, is_sums_key
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.policies.policy_table import decode_row, encode_row
from tideline.udfs.core.rewards.feedback import encode_feedback
from tideline.udfs.operators.kept.tallies import END_MS
from tideline.udfs.operators.relearning import relearn
from tideline.udfs.operators.relearning.relearn import Relearn
from tideline.udfs.settings.job_config import ReplayConfig
from tideline.udfs.settings.option_sources import load_with_files
from tideline.udfs.settings.worker_config import WorkerConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_RANGE = ("--name", "july", "--from-ms", "1", "--to-ms", "2", "--makes", "policy")
_DEMO = verify(REPOSITORY / "models" / "artefacts" / "demo-1").version


class Timers:
    """Those of the one key; asks for itself as a context does."""

    def __init__(self) -> None:
        self.at: set[int] = set()

    def timer_service(self) -> Timers:
        return self

    def register_event_time_timer(self, at_ms: int) -> None:
        self.at.add(at_ms)


class Its(Relearn):
    """The operator beside topics in memory."""

    def __init__(self, context: MemoryContext, *flags: str, orders: Sequence[SetExperiment] = ()) -> None:
        super().__init__(WorkerConfig(load_with_files(ReplayConfig, [*_RANGE, *COMMON, *flags], SECRETS)))
        self._orders, self.timers = orders, Timers()
        vars(context).update(vars(context_of()))
        self.open(context)

    def _read(self, topic: str) -> Iterable[TopicRecord]:
        if topic == "control":
            values = [encode_control(Control(each, NOON_MS)) for each in self._orders]
            return [TopicRecord(at, b"1", value, NOON_MS) for at, value in enumerate([b"none of ours", *values])]
        assert topic == "activities"
        return [
            TopicRecord(at, each.activity_id.encode(), encode_activity(each), NOON_MS)
            for at, each in enumerate(ACTIVITIES)
        ]

    def feed(self, parts: Iterable[bytes]) -> None:
        for part in parts:
            assert list(self.process_element(Row(part), self.timers)) == []

    def end(self) -> list[tuple[bytes, bytes]]:
        return [(row[0], row[1]) for row in self.on_timer(END_MS, None)]


def parts(size: int) -> list[bytes]:
    """The feedback that all who learn are given, in parts of so many rows."""
    feedback = Seen().feedback()
    return [encode_feedback(feedback[at : at + size]) for at in range(0, COUNT, size)]


def of_live(*flags: str) -> tuple[dict[str, bytes], dict[bytes, bytes]]:
    """Sums and rows of the live operator."""
    context = MemoryContext()
    operator = Opened(context, *flags)
    for each in ACTIVITIES:
        operator.note(each.activity_id, encode_activity(each))
    operator.feed(parts(60))
    return context.maps["sums"].values, operator.order(PublishPolicy("all"))


@pytest.mark.parametrize("flags", [(), ("--policy", "linucb_hybrid", "--half-life-days", "3")])
def test_sums_and_rows_are_those_of_live(flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: byte for byte, however feedback is gathered and wherever it goes on from its state."""
    sums, rows = of_live(*flags)
    told = []
    for size, at_once in ((7, 1), (50, 10_000), (COUNT, 1 << 20)):
        monkeypatch.setattr(relearn, "_AT_ONCE_BYTES", at_once)
        context = MemoryContext()
        for number, part in enumerate(given := parts(size)):
            if number in (0, len(given) // 2):
                its = Its(context, *flags)
            its.feed([part])
        assert its.timers.at == {END_MS}
        told.append(Its(context, *flags).end())
    assert told[0] == told[1] == told[2]
    found = dict(told[0])
    assert {key: value for key, value in found.items() if is_sums_key(key)} == {
        SumsKey(ArmKey(ENCODER, name)).value: sums[f"{ENCODER}|{name}"] for name in NAMES[:-1]
    }
    assert {value[0] for key, value in found.items() if is_sums_key(key)} == {SUMS_VERSION}
    for key, value in rows.items():
        name, row = decode_row(value, 0)
        assert found[key] == encode_row(row._replace(epoch=0), name)


def test_what_is_forgotten_by_the_end_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: of a range longer than is kept, however often it was learned from in between."""
    old = [each._replace(ts_ms=each.ts_ms - 90 * DAY_MS) for each in Seen(5).feedback()[:80]]
    fading = [each._replace(ts_ms=each.ts_ms - 20 * DAY_MS) for each in old if each.activity_id == NAMES[0]]
    told = []
    for at_once in (1, 1 << 20):
        monkeypatch.setattr(relearn, "_AT_ONCE_BYTES", at_once)
        its = Its(MemoryContext(), "--half-life-days", "3")
        its.feed([*(encode_feedback([each]) for each in fading + old), *parts(COUNT)])
        told.append(its.end())
    fresh = Its(MemoryContext(), "--half-life-days", "3")
    fresh.feed(parts(COUNT))
    assert told[0] == told[1] == fresh.end()


def test_the_encoder_that_it_is_given_has_rows_too() -> None:
    """Contract: a replay that ranks with it finds a row of each activity, its prior behind them; nothing says when."""
    context = MemoryContext()
    its = Its(context)
    its.feed(parts(COUNT))
    keys = [key for key, _ in its.end() if not is_sums_key(key)]
    wanted = [RowKey(ArmKey(encoder, name)).value for encoder in (ENCODER, _DEMO) for name in [*NAMES[:-1], PRIOR_ID]]
    assert keys == (wanted if _DEMO != ENCODER else wanted[: len(NAMES)])


def test_policies_of_the_last_experiment_have_rows_of_their_own() -> None:
    """Contract: a replay ranks the arms of the experiment that was ordered last."""
    former = SetExperiment("one", (VariantSpec("wide", "linucb:ridge=7", 100),), shadow=None)
    last = SetExperiment("two", (VariantSpec("wide", "linucb:ridge=5", 100),), shadow=None)
    its = Its(MemoryContext(), orders=(former, last))
    its.feed(parts(COUNT))
    solved = {key.split(b"|", 2)[2] for key, _ in its.end() if not is_sums_key(key) and key.count(b"|") == 2}
    assert solved == {make_policy("linucb:ridge=5").regression.name.encode()}


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: feedback is learned as soon as there is enough of it, after a restart too."""
    monkeypatch.setattr(relearn, "_AT_ONCE_BYTES", 2 * len(parts(60)[0]) - 1)
    context = MemoryContext()
    held: list[int] = []
    for part in parts(60)[:4]:
        Its(context).feed([part])
        held.append(len(context.lists["waiting"].held))
    assert held == [1, 0, 1, 0]
