"""Serves the web console of a deployment: `tideline console`."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, TidelineError
from tideline.schemas.topics import Topics
from tideline.scripts.audit.decision_scores import Ranking
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.redis_target import read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.commands.token_secrets import SECRETS, read_token_keys
from tideline.scripts.console.app import Console
from tideline.scripts.console.audit import Audit
from tideline.scripts.console.deployment import JobManager, KafkaTopics, PrometheusPages, RedisServer
from tideline.scripts.console.guard import Guard
from tideline.scripts.console.live import now_ms
from tideline.scripts.console.proxy import proxy_of
from tideline.scripts.console.pseudonyms import Pseudonyms
from tideline.scripts.console.serving import address_of, bound, hosts_of, serve, tokens_of
from tideline.scripts.console.sessions import Sessions
from tideline.scripts.console.sources import Sources
from tideline.scripts.console.watching import Watching
from tideline.scripts.console.workshop import WORK, Workshop
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.io.job_log import open_console
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import read

_WEIGHTS = ("click", "conversion", "revenue", "cost")

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from tideline.udfs.core.lists.token_keys import TokenKeys


def main(argv: Sequence[str]) -> int:
    """Serve until interrupted; 1 with the reason where it cannot begin."""
    arguments = parse("console", argv)
    open_console()
    try:
        ranking = with_job_options(arguments)
        writes = arguments.allow_writes
        proxy = proxy_of(arguments.trust_header, arguments.proxy, arguments.operator)
        tokens = tokens_of(arguments.token_file, arguments.host, writes is not None, proxy is not None)
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
            proxy,
        )
        names = Pseudonyms(arguments.show_ids)
        watching = Watching(sources, names, arguments.job)
        made_here = arguments.token_file is None
        shown = address_of(arguments.host, port, tokens)
        print(f"console {shown if made_here else shown.partition('?')[0]}", flush=True)
        with TemporaryDirectory(prefix="tideline-console-") as folder:
            workshop = _workshop(arguments, Path(folder), partial(watching.feed.tell, WORK))
            console = Console(sources, watching, names, guard, ranking, workshop, writes, audit)
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


def _workshop(arguments: argparse.Namespace, folder: Path, tell: Callable[[dict[str, Any]], None]) -> Workshop:
    return Workshop(folder, where_of(arguments), tell, redis=redis_of(arguments, folder))


def redis_of(arguments: argparse.Namespace, folder: Path) -> list[str]:
    """Return the options that tell another verb the same Redis: its URL lies in a folder, for its owner alone."""
    path = folder / "redis.url"
    path.touch(0o600)
    path.write_text(read_redis_target(arguments).url, encoding="utf-8")
    return ["--redis-url-file", str(path), f"--prefix={arguments.prefix}"]


def with_job_options(arguments: argparse.Namespace) -> Ranking:
    """Take from the job's own options what the command line does not say; return how the job scores.

    Raises:
        ConfigError: the job would refuse them, or a login to Kafka stands in the options and in no file of its own.
    """
    path: Path | None = arguments.job_config
    given = {} if path is None else read(JobConfig, ["--config", str(path)], os.environ)
    elsewhere = arguments.stack or arguments.bootstrap
    if "bootstrap" in given and not elsewhere:
        arguments.bootstrap = given["bootstrap"].value
        properties = given.get("kafka_properties")
        if properties is not None and arguments.config is None:
            if properties.file is None:
                raise ConfigError("kafka_properties", "(in the file)", "kafka_properties_file = PATH")
            arguments.config = Path(properties.file)
    if "topics" in given and arguments.topics == Topics():
        arguments.topics = given["topics"].value
    redis = given.get("redis_url")
    if redis is not None and not (elsewhere or arguments.redis_url or arguments.redis_url_file):
        arguments.redis_url, arguments.redis_url_file = (
            (redis.value, None) if redis.file is None else (None, Path(redis.file))
        )
    values = {key: each.value for key, each in given.items()}
    arguments.prefix = arguments.prefix or values.get("prefix", JobConfig.prefix)
    arguments.job = arguments.job or values.get("name", JobConfig.name)
    weights = [values.get(f"weight_{name}", getattr(JobConfig, f"weight_{name}")) for name in _WEIGHTS]
    click, conversion, revenue, cost = weights
    return Ranking(values.get("policy", JobConfig.policy), (click, conversion, revenue, cost))


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
