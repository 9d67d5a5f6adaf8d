"""What a benchmark sends and how it tells the job of its topics; the arena itself needs a stack."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.doc_pages import ROOT
from tideline.schemas.codec import decode_event
from tideline.schemas.topics import Topics
from tideline.scripts.benchmarks.live.arena import PREFIX, cpu_seconds_of, encode, job_options
from tideline.scripts.benchmarks.live.traffic import Traffic, make_chunk
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load

KEYS = TokenKeys({1: b"k" * 32}, 1)


def test_the_job_takes_the_options_it_is_given() -> None:
    """Contract: topics of the run's own, by role, and what is set beside them."""
    topics = Topics().with_suffix("-bench")
    given = {"parallelism": "2", "bootstrap": "h:1", "encoder": str(ROOT / "models" / "artefacts" / "demo-2")}
    secrets = {"TIDELINE_REDIS_URL": "redis://h:1/0", "TIDELINE_TOKEN_KEYS": '{"1": "' + "6b" * 32 + '"}'}
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in job_options(topics, given).items()]

    config = load(JobConfig, flags, secrets)

    assert (config.topics, config.prefix, config.parallelism) == (topics, PREFIX, 2)
    assert config.group_id == topics.clickstream


def test_records_are_events_under_their_users_key() -> None:
    events = make_chunk(Traffic(users=50, zipf=0.0, first_ms=1_700_000_000_000, gap_ms=36.0, keys=KEYS), 0)[:500]

    assert [
        decode_event(key, value, event.ts_ms) for (key, value), event in zip(encode(events), events, strict=True)
    ] == events


def test_processor_time_counts_ended_children() -> None:
    """Contract: Python workers of a TaskManager that have ended are in its figure."""
    before = cpu_seconds_of(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True)

    assert cpu_seconds_of(os.getpid()) > before
