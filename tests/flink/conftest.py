"""The Java side of pyflink with the Kafka connector, for building graphs without a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.scripts.localstack.paths import FLINK_JARS, REPOSITORY
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.option_sources import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyflink.datastream import StreamExecutionEnvironment

_SECRETS = {"TIDELINE_REDIS_URL": "redis://127.0.0.1:1/0", "TIDELINE_TOKEN_KEYS": '{"1": "' + "ab" * 32 + '"}'}
_COMMON = ("--bootstrap", "127.0.0.1:1", "--encoder", str(REPOSITORY / "models" / "artefacts" / "demo-1"))
_RANGE = ("--name", "again", "--from-ms", "1", "--to-ms", "2")


@pytest.fixture
def environment() -> StreamExecutionEnvironment:
    """An environment that can plan the job's SQL; nothing in it is ever executed."""
    from pyflink.datastream import StreamExecutionEnvironment

    made = StreamExecutionEnvironment.get_execution_environment()
    made.add_jars(*(f"file://{jar}" for jar in sorted(FLINK_JARS.glob("*.jar"))))
    return made


@pytest.fixture
def config_of() -> Callable[..., JobConfig]:
    """Makes the configuration of a kind of job (live or replay) with more flags."""

    def make(kind: str, *flags: str) -> JobConfig:
        if kind == "replay":
            return load(ReplayConfig, [*_COMMON, *_RANGE, *flags], _SECRETS)
        return load(JobConfig, [*_COMMON, *flags], _SECRETS)

    return make
