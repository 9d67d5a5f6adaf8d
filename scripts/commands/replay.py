"""Runs the job again over a range of the clickstream, beside the live job: `tideline replay`."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, cast

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.commands.backfill import Past
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.job_rights import refuse_missing_rights, written_by
from tideline.scripts.commands.redis_target import opened
from tideline.scripts.commands.submit import configuration, submit
from tideline.scripts.commands.target import cluster_of
from tideline.scripts.commands.topics import TopicError, ensure_topics
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.localstack.rest import TERMINAL_STATES
from tideline.scripts.parsers.job_options import options_from
from tideline.scripts.parsers.verbs import parser_of
from tideline.scripts.replays.balance import Account, accounts, described, differences, summed
from tideline.scripts.replays.belongings import taken, topics_known, written_there
from tideline.scripts.replays.digest import digest, is_used, tallies
from tideline.scripts.replays.kept import Kept, keep, kept_of, known_of, newest_state, with_own_users
from tideline.scripts.replays.offsets import Span, as_option, refuse_gaps, refuse_unarchived, spans, times
from tideline.scripts.replays.range_logs import clickstream_of, policy_of, world_of
from tideline.scripts.replays.replay_policy import Learned, learned_of
from tideline.scripts.replays.replay_progress import Progress
from tideline.scripts.replays.world_then import described as unknown
from tideline.udfs.io.topic_reader import read_topic, topic_ends

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from tideline.scripts.replays.bounds import Bound
    from tideline.udfs.core.serving.batches.fates import Fates
    from tideline.udfs.settings.job_config import ReplayConfig

_NO_RANGE = {"from_offsets": '{"0": 0}', "to_offsets": '{"0": 0}'}
"""What stands for the range while the options that say where it is are read."""
_MAY_CHANGE = ("parallelism", "records_per_s")
"""Options that a replay may go on with otherwise: they change no list."""
_POLL_S = 0.5
_TOLD_EVERY_S = 5.0
_GONE = "GONE"


class Replayed(TypedDict):
    """What is printed of a replay; `scripts/parsers/replay_parser.py` says what each is."""

    name: str
    job: str
    state: str
    records: int
    read: int
    lists: int | None
    policy: Learned | None
    world: dict[str, Any] | None
    digest: str | None
    differences: list[str] | None
    namespace: str
    partitions: dict[str, Account]


def begin(stack: Stack, name: str, where: tuple[Bound, Bound | None], options: Mapping[str, str]) -> Replayed:
    """Run a replay to its end.

    Raises:
        StackError: an option cannot be used, the name is, too few slots are free, it could not be submitted, or failed.
        ConfigError: the range or the policy is not there yet, or none; TooFew: a part of it is gone.
        TopicError: a topic of its outputs cannot be used as it is.
        Unavailable: no broker or no Redis answers, or one refuses.
    """
    options = {"name": name, **options}
    asked = _config(stack, options | _NO_RANGE)
    now_ms = time.time_ns() // 1_000_000
    with clickstream_of(asked) as logs:
        found = spans(logs, *where, now_ms)
        refuse_gaps(logs, found)
        first_ms, last_ms = times(logs, found)
    if asked.archive is not None:
        with clickstream_of(replace(asked, archive=None)) as live:
            refuse_unarchived(logs, live, found, where, now_ms)
    options |= {"from_offsets": json.dumps(as_option(found, 0)), "to_offsets": json.dumps(as_option(found, 1))}
    pin = policy_of(asked, now_ms)  # of all of it the same one, also where a failure lets it be read again
    options |= {} if pin is None else {"policy_pin": str(pin)}
    config = _config(stack, options)
    _refuse_used(stack, config)
    _refuse_taken(config)
    options = with_own_users(stack.root, options)
    ensure_topics(cluster_of(config), config.output_topics, roles=written_by(config))
    refuse_missing_rights(config)
    return _submitted(stack, config, Kept(options, (), world=_world(config, first_ms, last_ms)), None)


def _world(config: ReplayConfig, first_ms: int, last_ms: int) -> dict[str, Any] | None:
    """Return what is known of the world of a range, and say what is not."""
    if config.world == "now":
        return None
    found = world_of(config, first_ms, last_ms)
    for line in unknown(found):
        print(f"replay: {line}", file=sys.stderr)
    return {**found}


def _refuse_used(stack: Stack, config: ReplayConfig) -> None:
    """A list that is there would stay where it is not older, and be taken for one of this replay."""
    kept = known_of(stack.root, config.name)
    if kept is not None and _state(stack, kept) not in {*TERMINAL_STATES, _GONE}:
        raise StackError(f"replay {config.name!r} runs; give another --name, or watch it with --resume")
    with opened(config.redis_url) as store:
        if is_used(store, config.namespace):
            raise StackError(f"{config.namespace} has lists of a former replay; give another --name, or --resume")


def _refuse_taken(config: ReplayConfig) -> None:
    """What is there would be mixed with what this one writes, and go with it when it is dropped."""
    cluster = cluster_of(config)
    known = topics_known(cluster, config.names)
    wrong = taken(known, config.topics, config.names)
    if wrong:
        raise ConfigError("name", config.name, f"one whose topics nobody has: {wrong}")
    for topic in written_there(known, config.names).values():
        if any(topic_ends(cluster, topic).values()):
            told = f"one whose topics are empty: {topic} has what another one wrote; `tideline drop` that one"
            raise ConfigError("name", config.name, told)


def resume(stack: Stack, name: str, changed: Mapping[str, str]) -> Replayed:
    """Go on with a replay from its newest checkpoint and run it to its end; one that runs is watched.

    One that has ended is told again. Lists that were written already are written once more, the same.

    Raises: as `begin`.
    """
    if wrong := sorted(changed.keys() - {*_MAY_CHANGE}):
        raise ConfigError(wrong[0], changed[wrong[0]], f"with --resume no other option than {', '.join(_MAY_CHANGE)}")
    kept = kept_of(stack.root, name)
    config = _config(stack, kept.options | dict(changed))
    state = _state(stack, kept)
    if kept.result is not None or state == "FINISHED":
        return _ended(stack, config, kept)
    if state not in {*TERMINAL_STATES, _GONE}:
        return _watched(stack, config, kept)
    return _submitted(
        stack, config, replace(kept, options=kept.options | dict(changed)), newest_state(stack.root, kept)
    )


def status(stack: Stack, name: str) -> Replayed:
    """Return how far a replay is; raises as `begin`."""
    kept = kept_of(stack.root, name)
    if kept.result is not None:
        return cast("Replayed", kept.result)
    config = _config(stack, kept.options)
    state = _state(stack, kept)
    read = {} if state == _GONE else Past(stack.rest, config, kept.job, _spans(config)).read_of()
    if state == "FINISHED":
        read = {number: span.stop - span.start for number, span in _spans(config).items()}
    return _told(config, kept, state, sum(read.values()))


def cancel(stack: Stack, name: str) -> Replayed:
    """End a replay; its last checkpoint stays, for `resume`. One that does not run is left as it is."""
    kept = kept_of(stack.root, name)
    if _state(stack, kept) not in {*TERMINAL_STATES, _GONE}:
        stack.rest.cancel(kept.job)
    return status(stack, name)


def _config(stack: Stack, options: Mapping[str, str]) -> ReplayConfig:
    return cast("ReplayConfig", configuration(stack, "replay", options))


def _spans(config: ReplayConfig) -> dict[int, Span]:
    stops = config.to_offsets or {}
    return {number: Span(start, stops[number]) for number, start in (config.from_offsets or {}).items()}


def _state(stack: Stack, kept: Kept) -> str:
    return stack.rest.jobs().get(kept.job, _GONE) if kept.jobs else _GONE


def _submitted(stack: Stack, config: ReplayConfig, kept: Kept, state: str | None) -> Replayed:
    stack.rest.wait_slots(config.parallelism)
    job_id = submit(stack, "replay", kept.options, state)
    kept = kept.again_as(job_id)
    keep(stack.root, config.name, kept)
    since = f", from {state}" if state else ""
    print(f"replay: job {job_id} runs{since}; {stack.flink_rest_url}/#/job/running/{job_id}", file=sys.stderr)
    return _watched(stack, config, kept)


def _watched(stack: Stack, config: ReplayConfig, kept: Kept) -> Replayed:
    """Wait for the end, telling every few seconds how far it is."""
    ranges, told_s = _spans(config), time.monotonic()
    past, progress = Past(stack.rest, config, kept.job, ranges), Progress(ranges, told_s)
    while (state := stack.rest.job_state(kept.job)) not in TERMINAL_STATES:
        now_s = time.monotonic()
        if now_s - told_s >= _TOLD_EVERY_S:
            progress.seen(past.read_of(), told_s := now_s)
            for number, part in progress.parts().items():
                print(f"replay: {part.line(number)}", file=sys.stderr)
        time.sleep(_POLL_S)
    if state != "FINISHED":
        raise StackError(f"job {kept.job} is {state}\n{stack.rest.root_exception(kept.job)}")
    return _ended(stack, config, kept)


def _ended(stack: Stack, config: ReplayConfig, kept: Kept) -> Replayed:
    """Return what came of a replay that has ended; say what of its range is not accounted for."""
    with opened(config.redis_url) as store:
        lists, sha256 = digest(store, config.namespace)
        fates = summed(tallies(store, config.namespace))
    found = _told(config, kept, "FINISHED", 0, _records(config, fates), fates)
    if not config.makes_lists:
        topic = config.output_topics.policy
        found["policy"], sha256 = learned_of(topic, read_topic(cluster_of(config), topic))
    wrong = differences(found["partitions"], fates)
    found |= {"read": found["records"], "lists": lists, "digest": sha256, "differences": wrong}
    if not wrong:
        keep(stack.root, config.name, kept.ended(cast("dict[str, Any]", found)))
    return found


def _told(
    config: ReplayConfig,
    kept: Kept,
    state: str,
    read: int,
    records: Mapping[int, int] | None = None,
    fates: Fates | None = None,
) -> Replayed:
    ranges = _spans(config)
    records = records or {number: span.stop - span.start for number, span in ranges.items()}
    return {
        "name": config.name,
        "job": kept.job,
        "state": state,
        "records": sum(records.values()),
        "read": read,
        "lists": None,
        "policy": None,
        "world": kept.world,
        "digest": None,
        "differences": None,
        "namespace": config.namespace,
        "partitions": accounts(ranges, records, fates or {}),
    }


def _records(config: ReplayConfig, fates: Fates) -> dict[int, int]:
    """Return how many records the offsets of each partition hold: not every offset is one's, as a transaction's end."""
    found = {number: span.stop - span.start for number, span in _spans(config).items()}
    odd = [number for number, offsets in found.items() if offsets != fates.get(number, Counter()).total()]
    if odd:
        with clickstream_of(config) as logs:
            for log in logs:
                span = _spans(config).get(log.number)
                if log.number in odd and span is not None and log.begin <= span.start:
                    found[log.number] = sum(1 for _ in log.records(*span))
    return found


def main(argv: Sequence[str]) -> int:
    """Run a replay on a local stack, or say how it is; 1 with the reason if it fails, or does not add up."""
    parser = parser_of("replay")
    known, rest = parser.parse_known_args(argv)
    options = options_from(parser, rest)
    if options and (known.status or known.cancel):
        parser.error("--status and --cancel take no option of the job")
    try:
        found = _done(known, Stack.attach(known.stack), options)
    except (ConfigError, StackError, TopicError, Unavailable) as error:
        return failed("replay", error)
    print(json.dumps(found))
    if found["differences"] is None:
        return Exit.DONE
    lines = [described(number, account) for number, account in found["partitions"].items()]
    for line in [*lines, *found["differences"]]:
        print(f"replay: {line}", file=sys.stderr)
    return Exit.FAILED if found["differences"] else Exit.DONE


def _done(known: Namespace, stack: Stack, options: Mapping[str, str]) -> Replayed:
    if known.status:
        return status(stack, known.name)
    if known.cancel:
        return cancel(stack, known.name)
    if known.resume:
        return resume(stack, known.name, options)
    return begin(stack, known.name, (known.begin, known.end), options)
