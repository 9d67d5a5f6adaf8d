"""Submits the job to a local stack with `flink run`: `tideline submit`."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.commands.exits import failed, tell
from tideline.scripts.commands.job_rights import refuse_missing_rights
from tideline.scripts.commands.made_ready import made_ready
from tideline.scripts.commands.target import cluster_of
from tideline.scripts.localstack import Stack, StackError, resume
from tideline.scripts.parsers.job_options import options_from
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.core.policies.fence import check_entry, epoch_of
from tideline.udfs.io.topic_reader import read_last
from tideline.udfs.settings.job_config import BackfillConfig, JobConfig, ReplayConfig, submitted_at
from tideline.udfs.settings.option_sources import load
from tideline.udfs.settings.restart import refuse_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENTRY_POINT = "interest_job.py"
NICE = ("nice", "-n", "10")
_JOB_ID = re.compile(r"JobID ([0-9a-f]{32})")
WITHIN_S = 400.0
_KINDS = {"live": JobConfig, "backfill": BackfillConfig, "replay": ReplayConfig}


class TakenOver(NamedTuple):
    """A job that has taken over, with the savepoint that it began with, and when it was ready and the other ended."""

    job_id: str
    savepoint: str
    ready_s: float
    """Epoch seconds: the other job was told to stop then."""
    stopped_s: float


def submit(
    stack: Stack, kind: str, options: Mapping[str, str], savepoint: str | None = None, entry: Path | None = None
) -> str:
    """Submit the job of that kind (live, backfill or replay) and return its id once `flink run` has accepted it.

    `entry` is a script to run in place of the packaged entry point, with the same arguments.

    Raises:
        StackError: An option cannot be used, or flink run failed; its last lines are in the message.
    """
    config = configuration(stack, kind, options)
    # What is made ready on this machine for a replay takes no processor from the live job's lists.
    command = [*NICE] if kind == "replay" else []
    command += [str(stack.flink_cli), "run", "-d"]
    command += ["-s", savepoint] if savepoint else []
    command += ["-py", str(entry or stack.root / "job" / ENTRY_POINT), kind, *flags(stack, options)]
    ran = subprocess.run(
        command,
        env=with_secrets(stack.env, stack, kind),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    job_id = accepted(ran.returncode, ran.stdout, ran.stderr)
    if kind != "replay":
        resume.keep(stack.root, job_id, config)
    return job_id


def take_over(stack: Stack, options: Mapping[str, str], job_id: str) -> TakenOver:
    """Make the live job ready beside the running one, stop that with a savepoint and go on from it.

    Lists stand still from the stop on, for the workers' start alone: most of a start is the client's.

    Raises:
        StackError: An option cannot be used, or the job was not made ready: then the other one runs on. Or it was not
            accepted: then that one is stopped, and the message names its savepoint.
    """
    config = configuration(stack, "live", options)

    def command(named_in: Path) -> list[str]:
        entry = str(stack.root / "job" / ENTRY_POINT)
        return [*NICE, str(stack.flink_cli), "run", "-d", "-py", entry, "after", str(named_in), "live", *given]

    given = flags(stack, options)
    with made_ready(command, with_secrets(stack.env, stack, "live")) as client:
        client.wait(WITHIN_S)
        ready_s = time.time()
        tell("submit", f"ready; stopping job {job_id} with a savepoint: if this ends now, go on with --latest")
        savepoint = stack.rest.stop(job_id)
        stopped_s = time.time()
        tell("submit", f"job {job_id} is stopped, its savepoint is {savepoint}")
        try:
            taken = accepted(*client.go_on(savepoint, WITHIN_S))
        except (StackError, subprocess.TimeoutExpired) as error:
            raise StackError(f"job {job_id} is stopped; submit with -s {savepoint}\n{error}") from error
    resume.keep(stack.root, taken, config)
    return TakenOver(taken, savepoint, ready_s, stopped_s)


def accepted(code: int, out: str, errors: str = "") -> str:
    """Return the id of the job that `flink run` says it has submitted.

    Raises:
        StackError: It failed; its last lines are in the message.
    """
    found = _JOB_ID.search(out)
    if code or not found:
        raise StackError(f"flink run failed ({code})\n{_tail(out + errors)}")
    return found.group(1)


def configuration(stack: Stack, kind: str, options: Mapping[str, str]) -> JobConfig:
    """Return the configuration that the job will have.

    Raises:
        StackError: An option cannot be used.
    """
    try:
        return load(_KINDS[kind], flags(stack, options), with_secrets(os.environ, stack, kind))
    except ConfigError as error:
        raise StackError(str(error)) from error


def state_for(stack: Stack, config: JobConfig, path: str | None, latest: bool, fresh: bool) -> str | None:
    """Return the state to begin with, None for none.

    Raises:
        StackError: There is none where it is asked for; it was made with options that may not change; or none is asked
            for though the group has read before, so that versions of lists would fall back.
        Unavailable: The brokers cannot be asked whether it has.
    """
    before: resume.Submitted | None
    if latest:
        path, before = resume.newest_state(stack.root, config.name)
    elif path:
        before = resume.submitted_of(stack.root, path)
    elif fresh or not resume.has_commits(config):
        return None
    else:
        raise StackError(
            f"group {config.consumer_group!r} has read {config.topics.clickstream!r} before and no state would be "
            "restored: versions of lists and what was learned would fall back. Give --latest, -s PATH, or --fresh"
        )
    if before is not None:
        try:
            refuse_changes(before.options, config)
        except ConfigError as error:
            raise StackError(str(error)) from error
    return path


def running_before(stack: Stack, config: JobConfig) -> str:
    """Return the id of the running job of that name, which another one may take over from.

    Raises:
        StackError: There is none; it was submitted with options that may not change; or the new one has not the slots.
        Unavailable: The brokers cannot be asked who has written the policy.
    """
    job_id = stack.rest.job_id(config.name)
    if (state := stack.job_status(job_id)) != "RUNNING":
        raise StackError(f"job {job_id} of that name is {state}; --latest goes on from what it left")
    before = next((each for each in resume.submitted(stack.root) if each.job_id == job_id), None)
    if before is not None:
        try:
            refuse_changes(before.options, config)
        except ConfigError as error:
            raise StackError(str(error)) from error
    refuse_epoch(config, restored=True, may_begin=False)
    held = max(int(vertex["parallelism"]) for vertex in stack.rest.get(f"/jobs/{job_id}")["vertices"])
    stack.rest.wait_slots(config.parallelism - held)
    return job_id


def refuse_epoch(config: JobConfig, restored: bool, may_begin: bool) -> None:
    """Do before submission what the job's learner does at its start: another one may not have written the policy.

    Raises:
        StackError: One has that was submitted later, or with the same epoch, or would be lost.
        Unavailable: No broker answers, or one refuses.
    """
    last = read_last(cluster_of(config), config.topics.policy)
    newest, own = None if last is None else epoch_of(last.value), submitted_at(config, time.time_ns() // 1_000_000)
    try:
        check_entry(config.topics.policy, own.epoch or 0, newest, restored=restored, may_begin=may_begin)
    except ConfigError as error:
        raise StackError(str(error)) from error


def flags(stack: Stack, options: Mapping[str, str]) -> list[str]:
    """Return the command line of a job with these options on a stack."""
    given = {
        "bootstrap": stack.secured.kafka if stack.secured else stack.kafka_bootstrap,
        "encoder": str(stack.root / "job" / "encoders" / "demo-1"),
        **options,
    }
    return [part for key, value in given.items() for part in (f"--{key.replace('_', '-')}", str(value))]


def with_secrets(environ: Mapping[str, str], stack: Stack, kind: str) -> dict[str, str]:
    """Return an environment in which the job's secrets are the stack's, in a file: they stay out of the job graph."""
    token_keys(stack)
    own = {"TIDELINE_TOKEN_KEYS_FILE": str(_token_keys_file(stack))}
    if stack.secured:
        own["TIDELINE_REDIS_URL_FILE"] = str(stack.secured.redis_file("replay" if kind == "replay" else "tideline"))
        own["TIDELINE_KAFKA_PROPERTIES_FILE"] = str(stack.secured.job_properties)
    else:
        own["TIDELINE_REDIS_URL"] = stack.redis_url
    replaced = {name.removesuffix("_FILE") for name in own}
    return {key: value for key, value in environ.items() if key.removesuffix("_FILE") not in replaced} | own


def _token_keys_file(stack: Stack) -> Path:
    return stack.root / "token_keys.json"


def token_keys(stack: Stack, like: Stack | None = None) -> dict[str, str]:
    """Return the stack's token secrets in hex by key id, made at the first call and kept while the stack lives.

    They are those of `like` where that is given.
    """
    path = _token_keys_file(stack)
    if not path.exists():
        made = {"1": secrets.token_hex(32)} if like is None else token_keys(like)
        path.touch(mode=0o600)
        path.write_text(json.dumps(made))
    keys: dict[str, str] = json.loads(path.read_text())
    return keys


def _tail(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("\tat ")]
    return "\n".join(lines[-25:])


def main(argv: Sequence[str]) -> int:
    """Submit to a running stack and wait until every subtask runs; 1 with the reason otherwise."""
    parser = parser_of("submit")
    known, rest = parser.parse_known_args(argv)
    options = options_from(parser, rest)
    if known.kind == "replay" and (known.latest or known.from_state or known.take_over):
        parser.error("a replay keeps no state")
    state: str | None
    try:
        stack = Stack.attach(known.stack)
        config = configuration(stack, known.kind, options)
        live = known.kind == "live"
        if live and known.fresh:
            options = {**options, "without_state": "begin"}
        refuse_missing_rights(config)
        if known.take_over:
            taken = take_over(stack, options, running_before(stack, config))
            job_id, state = taken.job_id, taken.savepoint
        else:
            state = state_for(stack, config, known.from_state, known.latest, known.fresh) if live else None
            if live:
                refuse_epoch(config, state is not None, known.fresh or config.without_state == "begin")
            stack.rest.wait_slots(config.parallelism)
            job_id = submit(stack, known.kind, options, state)
        stack.rest.wait_running(job_id)
    except (StackError, Unavailable) as error:
        return failed("submit", error)
    print(f"job {job_id} runs{f', from {state}' if state else ''}; {stack.flink_rest_url}/#/job/running/{job_id}")
    return 0
