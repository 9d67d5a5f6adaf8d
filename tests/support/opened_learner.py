"""The learner's operator beside states in memory, and the feedback that everybody who learns is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyflink.common import Row

from tests.support.core_world import NOON_MS, activity
from tideline.scripts.benchmarks.offline.regret_player import contexts as of_player
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.control.control import Command, Control, encode_control
from tideline.udfs.core.evaluation.log import LoggedFeedback
from tideline.udfs.core.rewards.feedback import Feedback
from tideline.udfs.operators.batch_rows import ACTIVITY, EVENTS, ORDER
from tideline.udfs.operators.learn import Entry, Learn
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load_with_files
from tideline.udfs.settings.worker_config import WorkerConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from tests.support.flink_states import MemoryContext

CATEGORIES = (0, 0, 1, 2, 2, 3)
ARMS, ENCODER, COUNT = len(CATEGORIES), 1, 600
NAMES = [str(arm) for arm in range(ARMS)]
ACTIVITIES = [activity(name, categories=(f"c{at}",)) for name, at in zip(NAMES, CATEGORIES, strict=True)]
SECRETS = {"TIDELINE_REDIS_URL": "redis://127.0.0.1:1/0", "TIDELINE_TOKEN_KEYS": '{"1": "' + "ab" * 32 + '"}'}
ENTRY = Entry("ab" * 16, is_doubtful=False)
COMMON = ("--bootstrap", "127.0.0.1:1", "--encoder", str(REPOSITORY / "models" / "artefacts" / "demo-1"))


class Opened(Learn):
    """The operator beside a policy topic in which nobody has written."""

    def __init__(self, context: MemoryContext, *flags: str, entry: Entry = ENTRY) -> None:
        super().__init__(WorkerConfig(load_with_files(JobConfig, [*COMMON, *flags], SECRETS)))
        self._as = entry
        self.open(context)

    def _enter(self, context: object) -> Entry:
        """Nothing to compare the epoch with."""
        return self._as

    def feed(self, parts: Iterable[bytes]) -> dict[bytes, bytes]:
        return self._rows(EVENTS, list(parts))

    def order(self, command: Command) -> dict[bytes, bytes]:
        return self._rows(ORDER, [encode_control(Control(command, NOON_MS))])

    def note(self, name: str, value: bytes | None) -> None:
        assert self._rows(ACTIVITY, [name.encode(), *([] if value is None else [value])]) == {}

    def told(self, name: str, value: bytes) -> dict[bytes, bytes]:
        return self._rows(ACTIVITY, [name.encode(), value])

    def _rows(self, kind: int, content: list[bytes]) -> dict[bytes, bytes]:
        found: Iterator[Row] = self.process_element(Row(kind, content), None)
        return {row[0]: row[1] for row in found}


class Seen:
    """Rounds in which an arm was shown: contexts of a frontend's columns, arms, clicks."""

    def __init__(self, seed: int = 3) -> None:
        random = np.random.default_rng(seed)
        self.x = np.hstack([np.ones((COUNT, 1)), np.rint(random.normal(size=(COUNT, DIM - 1)) * 8) / 36])
        self.arm: NDArray[np.int64] = random.integers(0, ARMS - 1, COUNT)  # the last one is never shown
        self.click: NDArray[np.float64] = (random.random(COUNT) < 0.1 + 0.1 * self.arm).astype(float)

    def feedback(self) -> list[Feedback]:
        return [
            Feedback(NAMES[arm], ENCODER, NOON_MS + at, x.tobytes(), 1, int(click))
            for at, (arm, x, click) in enumerate(
                zip(self.arm.tolist(), of_player(self.x), self.click.tolist(), strict=True)
            )
        ]

    def log(self) -> LoggedFeedback:
        every = np.arange(COUNT)
        return LoggedFeedback(
            tuple(NAMES), of_player(self.x) / 127.0, self.arm, np.full(COUNT, 1 / ARMS), self.click, every,
            every.astype(np.uint64), np.zeros(COUNT, np.int64), np.full(COUNT, ARMS), NOON_MS + every, lists=False,
            features=np.stack([features_of(each) for each in ACTIVITIES]),
        )  # fmt: skip
