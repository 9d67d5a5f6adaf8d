"""The usual way to write the job, which the live job is compared with, gives lists too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.core_world import KEYS, NOON_MS
from tests.support.doc_pages import ROOT
from tideline.scripts.benchmarks.live.idiomatic import RankPerEvent
from tideline.scripts.benchmarks.live.peers.event_body import EventBody
from tideline.scripts.benchmarks.live.traffic import LIST_SIZE, Traffic, activities, make_chunk
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load

if TYPE_CHECKING:
    from types import SimpleNamespace


class Held:
    """A state of one user."""

    def __init__(self) -> None:
        self._held: SimpleNamespace | None = None

    def value(self) -> SimpleNamespace | None:
        """Return what was kept."""
        return self._held

    def update(self, value: SimpleNamespace) -> None:
        """Keep it."""
        self._held = value


def test_every_event_gives_a_full_list_under_the_default_policy() -> None:
    """Contract: signed for its user; whatever happened."""
    secrets = {"TIDELINE_REDIS_URL": "redis://h:1/0", "TIDELINE_TOKEN_KEYS": json.dumps({"1": KEYS.secrets[1].hex()})}
    encoder = str(ROOT / "models" / "artefacts" / "demo-1")
    job = RankPerEvent(load(JobConfig, ["--bootstrap", "h:1", "--encoder", encoder], secrets))
    job._body = EventBody(job._config, activities(NOON_MS))
    states: dict[str, Held] = {}

    for event in make_chunk(Traffic(users=10, zipf=0.0, first_ms=NOON_MS, gap_ms=36.0, keys=KEYS), 0)[:60]:
        job._user = states.setdefault(event.user_id, Held())
        ((user, payload),) = job.process_element(event, None)
        listed = json.loads(payload)
        assert len(listed["i"]) == LIST_SIZE
        assert verify(listed["k"], user, KEYS).version.as_of_ms == listed["v"][1]
