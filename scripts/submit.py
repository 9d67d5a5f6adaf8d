"""Submits the job to a local stack with `flink run`, as an operator would to a cluster.

`scripts/submit live|replay [--stack NAME] OPTIONS`: options of the job (`python -m jobs.config --markdown`); addresses,
encoder and token secrets are filled in where they are not given.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.localstack import Stack, StackError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_JOB_ID = re.compile(r"JobID ([0-9a-f]{32})")
_WITHIN_S = 400.0


def submit(
    stack: Stack, kind: str, options: Mapping[str, str], savepoint: str | None = None, entry: Path | None = None
) -> str:
    """Submit the job of that kind (live or replay) and return its id once `flink run` has accepted it.

    `entry` is a script to run in place of the packaged entry point, with the same arguments.

    Raises:
        StackError: flink run failed; its last lines are in the message.
    """
    package = stack.root / "job"
    given = {
        "bootstrap": stack.kafka_bootstrap,
        "encoder": str(package / "encoders" / "demo-1"),
        **options,
    }
    flags = [part for key, value in given.items() for part in (f"--{key.replace('_', '-')}", str(value))]
    command = [str(stack.flink_cli), "run", "-d"]
    command += ["-s", savepoint] if savepoint else []
    command += ["-py", str(entry or package / "interest_job.py"), kind, *flags]
    secret = {"TIDELINE_REDIS_URL": stack.redis_url, "TIDELINE_TOKEN_KEYS": json.dumps(token_keys(stack))}
    ran = subprocess.run(
        command, env=stack.env | secret, capture_output=True, text=True, timeout=_WITHIN_S, check=False
    )
    found = _JOB_ID.search(ran.stdout)
    if ran.returncode or not found:
        raise StackError(f"flink run failed ({ran.returncode})\n{_tail(ran.stdout + ran.stderr)}")
    return found.group(1)


def slots_of(options: Mapping[str, str]) -> int:
    """Return how many slots a job with these options takes; one that is no number is refused by the job itself."""
    parallelism = options.get("parallelism", "1")
    return int(parallelism) if parallelism.isdigit() else 1


def token_keys(stack: Stack) -> dict[str, str]:
    """Return the stack's token secrets in hex by key id, made at the first call and kept while the stack lives."""
    path = stack.root / "token_keys.json"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps({"1": secrets.token_hex(32)}))
    keys: dict[str, str] = json.loads(path.read_text())
    return keys


def _tail(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("\tat ")]
    return "\n".join(lines[-25:])


def main(argv: Sequence[str]) -> int:
    """Submit to a running stack and wait until every subtask runs; 1 with the reason otherwise."""
    if not argv or argv[0] not in ("live", "replay") or len(argv) % 2 == 0:
        print(__doc__, file=sys.stderr)
        return 2
    options = {flag.lstrip("-").replace("-", "_"): value for flag, value in zip(argv[1::2], argv[2::2], strict=True)}
    try:
        stack = Stack.attach(options.pop("stack", "default"))
        stack.rest.wait_slots(slots_of(options))
        job_id = submit(stack, argv[0], options)
        stack.rest.wait_running(job_id)
    except StackError as error:
        print(f"submit: {error}", file=sys.stderr)
        return 1
    print(f"job {job_id} runs; {stack.flink_rest_url}/#/job/running/{job_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
