"""Entry point of the live job, of backfills and of replays.

`flink run -py jobs/interest_job.py [live|backfill|replay] OPTIONS`; `docs/configuration.md` lists the options. With
`after FILE` before `live` the job is made ready and submitted once FILE names the state that it begins with (`after`).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment

from tideline.jobs.after import refuse_used, wait_for_state
from tideline.jobs.topology import build
from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.build import BUILD_ID
from tideline.udfs.settings.job_config import BackfillConfig, JobConfig, ReplayConfig, submitted_at
from tideline.udfs.settings.option_sources import Loaded, describe, load_with_files
from tideline.udfs.settings.worker_config import travelling_secrets

_KINDS = {"live": JobConfig, "backfill": BackfillConfig, "replay": ReplayConfig}
_WHERE = "is a part of the job graph now, which Flink keeps and shows to whoever reaches it; better"
_TRAVELS = {
    "redis_url": f"{_WHERE} a file that each worker has: redis_url_file",
    "token_keys": f"{_WHERE} a file that each worker has: token_keys_file",
    "kafka_properties": f"{_WHERE} ${{file:PATH:KEY}} in the place of each password (docs/operate.md#secrets)",
}


def main(argv: list[str]) -> int:
    """Validate the configuration, print it without its secrets, submit the job. Returns the exit code."""
    named_in = Path(argv[1]) if argv[:1] == ["after"] and argv[2:3] == ["live"] else None
    argv = argv[2:] if named_in else argv
    if not argv or argv[0] not in _KINDS:
        print(
            "tideline: the first argument is `live`, `backfill` or `replay`, or these are `after FILE live`",
            file=sys.stderr,
        )
        return 2
    try:
        if named_in:
            refuse_used(named_in)
        loaded = load_with_files(_KINDS[argv[0]], argv[1:], os.environ)
    except ConfigError as error:
        print(f"tideline: {error}", file=sys.stderr)
        return 2
    for key in travelling_secrets(loaded):
        print(f"tideline: warning: {key} {_TRAVELS[key]}", file=sys.stderr)
    config = submitted_at(loaded.config, time.time_ns() // 1_000_000)
    print("\n".join([f"build = {BUILD_ID}", *describe(config)]), flush=True)
    env = StreamExecutionEnvironment.get_execution_environment()
    build(env, Loaded(config, loaded.files))
    if named_in:
        state = wait_for_state(named_in)
        if state is None:
            print(f"tideline: not submitted, {named_in} names no state", file=sys.stderr)
            return 1
        _begin_with(env, state)
    env.execute(config.name)
    return 0


def _begin_with(env: StreamExecutionEnvironment, state: str) -> None:
    """Let what is executed next begin with a savepoint or checkpoint, as `flink run -s` does."""
    configuration = Configuration()
    configuration.set_string("execution.state-recovery.path", state)
    env.configure(configuration)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
