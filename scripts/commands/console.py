"""Serves the web console of a deployment: `tideline console`."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError, TidelineError
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.redis_target import read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.commands.token_secrets import SECRETS, read_token_keys
from tideline.scripts.console.app import Console
from tideline.scripts.console.audit import Audit
from tideline.scripts.console.deployment import JobManager, KafkaTopics, PrometheusPages, RedisServer
from tideline.scripts.console.explain import Ranking
from tideline.scripts.console.guard import Guard
from tideline.scripts.console.live import now_ms
from tideline.scripts.console.pseudonyms import Pseudonyms
from tideline.scripts.console.serving import address_of, bound, hosts_of, serve, tokens_of
from tideline.scripts.console.sessions import Sessions
from tideline.scripts.console.sources import Sources
from tideline.scripts.console.watching import Watching
from tideline.scripts.console.workshop import WORK, Workshop
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.settings.job_config import JobConfig

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.lists.token_keys import TokenKeys


def main(argv: Sequence[str]) -> int:
    """Serve until interrupted; 1 with the reason where it cannot begin."""
    arguments = parse("console", argv)
    try:
        writes = arguments.allow_writes
        tokens = tokens_of(arguments.token_file, arguments.host, writes is not None)
        sources = sources_of(arguments)
        if writes is not None and sources.kafka is None:
            raise ConfigError("--allow-writes", writes, "only where a Kafka is named")
        audit = None if arguments.audit is None else Audit(arguments.audit, _keys(arguments, sources), now_ms)
        listening = bound(arguments.host, arguments.port)
    except (StackError, TidelineError) as error:
        return failed("console", error)
    with listening:
        port = int(listening.getsockname()[1])
        guard = Guard(
            Sessions(tokens),
            hosts_of(arguments.host, port, arguments.allow_host),
            f"tideline-console-{port}",
            writes is not None,
        )
        names = Pseudonyms(arguments.show_ids)
        watching = Watching(sources, names, arguments.job)
        made_here = arguments.token_file is None
        shown = address_of(arguments.host, port, tokens)
        print(f"console {shown if made_here else shown.partition('?')[0]}", flush=True)
        with TemporaryDirectory(prefix="tideline-console-") as folder:
            workshop = Workshop(Path(folder), where_of(arguments), partial(watching.feed.tell, WORK))
            console = Console(sources, watching, names, guard, as_defaults(), workshop, writes, audit)
            try:
                serve(console.application(), listening)
            finally:
                if isinstance(sources.kafka, KafkaTopics):
                    sources.kafka.close()
                if audit is not None:
                    audit.close()
    return Exit.DONE


def sources_of(arguments: argparse.Namespace) -> Sources:
    """Return the deployment that a command line names; a stack has all parts, of others those that are named.

    Raises:
        ConfigError, StackError: an option cannot be used, or there is no such stack.
    """
    stack = _stack(arguments)
    redis = RedisServer(read_redis_target(arguments).url, arguments.prefix)
    flink = stack.flink_rest_url if stack is not None else arguments.flink
    urls = {each: each for each in arguments.metrics}
    return Sources(
        stack.name if stack is not None else arguments.bootstrap or arguments.flink or "redis",
        arguments.prefix,
        redis,
        PrometheusPages((lambda: urls) if stack is None else (lambda: _urls(stack.name))) if stack or urls else None,
        JobManager(flink, arguments.job) if flink else None,
        KafkaTopics(read_target(arguments)) if stack is not None or arguments.bootstrap else None,
    )


def where_of(arguments: argparse.Namespace) -> list[str] | None:
    """Return the options that tell another verb the same Kafka, None where none is named."""
    more = ["--topics", json.dumps(arguments.topics.by_role()), f"--suffix={arguments.suffix}"]
    if arguments.bootstrap:
        properties = ["--config", str(arguments.config)] if arguments.config else []
        return ["--bootstrap", arguments.bootstrap, *properties, *more]
    stack = _stack(arguments)
    return None if stack is None else ["--stack", stack.name, *more]


def as_defaults() -> Ranking:
    """Return how a job scores whose options say nothing else."""
    given = JobConfig
    weights = given.weight_click, given.weight_conversion, given.weight_revenue, given.weight_cost
    return Ranking(given.policy, weights)


def _keys(arguments: argparse.Namespace, sources: Sources) -> TokenKeys:
    """Return the secrets that users are hashed with, those of the job."""
    keys = None if sources.kafka is None else read_token_keys(read_target(arguments))
    if keys is None:
        raise ConfigError(SECRETS.environment, "nothing", "the job's token secrets, which users are hashed with")
    return keys


def _stack(arguments: argparse.Namespace) -> Stack | None:
    """Return the stack that is named, or `default` where nothing is."""
    others = (arguments.bootstrap, arguments.flink, arguments.redis_url, arguments.redis_url_file)
    if arguments.stack is None and (any(others) or "TIDELINE_REDIS_URL" in os.environ):
        return None
    return Stack.attach(arguments.stack or "default")


def _urls(stack: str) -> Mapping[str, str]:
    """Return the metrics of a stack's processes as it is now; none where it is down."""
    try:
        return Stack.attach(stack).metrics_urls
    except StackError:
        return {}
