"""Starting and removing a whole stack."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tideline.scripts.localstack import flink, redis, redis_cluster, secure_redis, secured
from tideline.scripts.localstack import kafka as broker
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.process import Managed, alive, free_ports, stop, wait_ready
from tideline.scripts.localstack.rest import FlinkRest
from tideline.scripts.localstack.state import StackState, exclusive, folder, load

READY_WITHIN_S = 180.0
Progress = Callable[[str], None]


@dataclass(frozen=True)
class StackRequest:
    """What a stack shall consist of.

    Attributes:
        name: Folder under .tideline/stack; stacks with different names do not meet.
        taskmanagers: How many TaskManagers of one slot each.
        conf: Flink settings that replace some of flink-conf/config.yaml.
        redis_url: A Redis or Valkey to use in place of an own one.
        kafka: Address `host:port` of a broker to use in place of an own one.
        tm_memory: Process size of each TaskManager, such as `2560m`.
        secure: It lets jobs and commands in by TLS and logins alone, with the documented rights.
        redis_cluster: Its Redis is a cluster of so many nodes, without replicas.

    Raises:
        StackError: Parts that cannot be together.
    """

    name: str = "default"
    taskmanagers: int = 1
    conf: Path | None = None
    redis_url: str | None = None
    kafka: str | None = None
    tm_memory: str | None = None
    secure: bool = False
    redis_cluster: int = 0

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        elsewhere = self.redis_url or self.kafka
        if self.redis_cluster and (self.secure or elsewhere):
            raise StackError("--redis-cluster starts all that it needs: leave out --secure, --redis-url and --kafka")
        if self.secure and elsewhere:
            raise StackError(
                "a stack with logins starts its own Kafka and Redis: leave out their addresses, or --secure"
            )


def bring_up(request: StackRequest, progress: Progress) -> StackState:
    """The state of a ready stack; attaches to a complete one, replaces the leftover of a broken one.

    Raises:
        StackError: Something did not start; none of its processes is left then, its logs are kept.
    """
    with exclusive(request.name):
        state = load(request.name)
        if state and state.processes and all(alive(process) for process in state.processes):
            if request.secure and not state.secured:
                raise StackError(f"stack {request.name!r} is up without logins; end it first, or give another name")
            progress(f"stack {request.name} is already up")
            return state
        if state:
            progress(f"removing what is left of an earlier stack {request.name}")
        _remove(request.name, state)
        return _start(request, progress)


def take_down(name: str) -> bool:
    """Ends every process of the stack and removes its folder; False when there was none."""
    with exclusive(name):
        state = load(name)
        _remove(name, state)
        return state is not None


def _remove(name: str, state: StackState | None) -> None:
    if state:
        stop(state.processes)
    shutil.rmtree(folder(name), ignore_errors=True)


def _start(request: StackRequest, progress: Progress) -> StackState:
    ports = free_ports(7 + request.taskmanagers)
    kafka_port, controller_port, outside, redis_port, rpc_port, rest_port, *metrics_ports = ports
    state = StackState(
        request.name,
        request.kafka or f"127.0.0.1:{kafka_port}",
        request.redis_url or f"redis://127.0.0.1:{redis_port}/0",
        f"http://127.0.0.1:{rest_port}",
    )
    state.save()
    try:
        if request.secure:
            state = _secured(state, secured.make(state.root, outside, redis_port))
        progress("starting Flink" + (", Valkey" * (not request.redis_url)) + (", Kafka" * (not request.kafka)))
        flink.prepare(state.root, request.conf, request.tm_memory, rpc_port, rest_port)
        state = state.with_process(flink.start_jobmanager(state.root, metrics_ports.pop()))
        for port in metrics_ports:
            state, _ = start_taskmanager(state, port)
        state, nodes = _start_nodes(state, request.redis_cluster)
        if not request.redis_url and not nodes:
            state = state.with_process(start_redis(state))
        if not request.kafka:
            state = state.with_process(_start_kafka(state, kafka_port, controller_port))
        _wait_all(state, nodes, progress)
        if state.secured:
            secured.let_in(state.secured, state.kafka_bootstrap)
    except BaseException:  # Ctrl-C as well: half a stack helps nobody
        recorded = load(request.name)
        stop(recorded.processes if recorded else [])
        raise
    return state


def _secured(state: StackState, made: secured.Secured) -> StackState:
    state = replace(state, secured=made, redis_url=made.redis_file(secure_redis.ADMIN).read_text())
    state.save()
    return state


def _start_nodes(state: StackState, count: int) -> tuple[StackState, list[redis_cluster.Node]]:
    """Starts the nodes of a Redis Cluster, none where none is wanted; they do not know each other yet."""
    nodes: list[redis_cluster.Node] = []
    if count:
        for node in redis_cluster.start(state.root, count):
            nodes.append(node)
            state = state.with_process(node.process)
        state = replace(state, redis_url=redis_cluster.url(nodes[0].port))
        state.save()
    return state, nodes


def start_redis(state: StackState) -> Managed:
    """Starts the stack's own server where it is to be; it is not ready yet."""
    if state.secured:
        return secured.start_redis(state.secured, state.root)
    return redis.start(state.root, redis.port_of(state.redis_url))


def _start_kafka(state: StackState, port: int, controller_port: int) -> Managed:
    if state.secured:
        return secured.start_kafka(state.secured, state.root, port, controller_port)
    return broker.start(state.root, port, controller_port)


def start_taskmanager(state: StackState, metrics_port: int) -> tuple[StackState, Managed]:
    """Starts one more TaskManager under a name that was never used in this stack; it is not registered yet."""
    name = f"taskmanager-{state.next_taskmanager}"
    process = flink.start_taskmanager(state.root, name, metrics_port)
    return state.with_taskmanager(process), process


def wait_registered(state: StackState, taskmanager: Managed, deadline: float) -> None:
    """Returns when the JobManager knows this TaskManager."""
    rest = FlinkRest(state.flink_rest_url)

    def registered() -> bool:
        return taskmanager.name in rest.taskmanagers()

    needs = [process for process in state.processes if process.name == "jobmanager"]
    wait_ready(f"Flink at {state.flink_rest_url}", registered, [*needs, taskmanager], deadline)


def _wait_all(state: StackState, nodes: list[redis_cluster.Node], progress: Progress) -> None:
    deadline = time.monotonic() + READY_WITHIN_S

    def needs(name: str) -> list[Managed]:
        return [process for process in state.processes if process.name == name]

    redis_what, kafka_what = f"Redis at {redis.masked(state.redis_url)}", f"Kafka at {state.kafka_bootstrap}"
    if nodes:
        redis_cluster.join(nodes, len(nodes), deadline)
    else:
        wait_ready(redis_what, lambda: redis.answers(state.redis_url), needs("redis"), deadline)
    wait_ready(kafka_what, lambda: broker.answers(state.kafka_bootstrap), needs("kafka"), deadline)
    progress("Redis and Kafka answer, waiting for Flink")
    for process in state.processes:
        if process.name.startswith("taskmanager-"):
            wait_registered(state, process, deadline)
