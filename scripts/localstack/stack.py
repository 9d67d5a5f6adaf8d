"""One local stack as an object: bring it up, find it again, break parts of it, take it down."""

from __future__ import annotations

import signal
import time
from types import TracebackType

from tideline.scripts.localstack import flink, redis
from tideline.scripts.localstack import kafka as broker
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.launch import (
    READY_WITHIN_S,
    Progress,
    StackRequest,
    bring_up,
    start_redis,
    start_taskmanager,
    take_down,
    wait_registered,
)
from tideline.scripts.localstack.paths import FLINK_HOME
from tideline.scripts.localstack.process import (
    GONE_WITHIN_S,
    Managed,
    alive,
    free_ports,
    send,
    stop,
    wait_gone,
    wait_ready,
)
from tideline.scripts.localstack.rest import FlinkRest
from tideline.scripts.localstack.state import StackState, load
from tideline.udfs.io.kafka_cluster import KafkaCluster


def _silent(_line: str) -> None:
    """Progress that nobody asked for."""


class Stack:
    """A running stack. As a context manager it goes down at the end.

    Attributes:
        name: Its name and the name of its folder.
        root: Folder with its settings, logs, checkpoints, savepoints and data.
        kafka_bootstrap: Address `host:port` of the broker.
        kafka: The way to it.
        redis_url: URL of the Redis server, or of a node of the cluster.
        flink_rest_url: URL of the JobManager.
        flink_cli: The `flink` command; call it with `env`.
        env: Environment for `flink_cli`.
        rest: Client of the JobManager.
        secured: Its logins, None where anybody may do anything.
    """

    def __init__(self, state: StackState) -> None:
        self._state = state
        self.name = state.name
        self.root = state.root
        self.kafka_bootstrap = state.kafka_bootstrap
        self.kafka = KafkaCluster(state.kafka_bootstrap)
        self.redis_url = state.redis_url
        self.flink_rest_url = state.flink_rest_url
        self.flink_cli = FLINK_HOME / "bin" / "flink"
        self.env = flink.environment(state.root, "client")
        self.rest = FlinkRest(state.flink_rest_url)
        self.secured = state.secured

    @classmethod
    def up(cls, request: StackRequest, progress: Progress = _silent) -> Stack:
        """Starts what is not named by an address and waits until all of it is ready.

        A complete stack of that name is attached to as it is; what a crash left of one is ended and removed first.

        Args:
            request: What it shall consist of.
            progress: Called with a line of text at each step.

        Raises:
            StackError: Something did not start; none of its processes is left then, its logs are kept. Or one of that
                name is up that lets everybody in, and logins are wanted.
        """
        return cls(bring_up(request, progress))

    @classmethod
    def attach(cls, name: str = "default") -> Stack:
        """The stack that somebody else brought up.

        Raises:
            StackError: There is none of that name.
        """
        state = load(name)
        if not state:
            raise StackError(f"stack {name!r} is not up; start it with: scripts/stack up --name {name}")
        return cls(state)

    def down(self) -> None:
        """Ends every process and removes the stack's folder with all its data."""
        take_down(self.name)

    def __enter__(self) -> Stack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def processes(self) -> list[Managed]:
        """Every recorded process, dead ones included."""
        return list(self._state.processes)

    @property
    def taskmanagers(self) -> list[Managed]:
        """The live TaskManagers, oldest first."""
        return [p for p in self._state.processes if p.name.startswith("taskmanager-") and alive(p)]

    @property
    def kafka_process(self) -> Managed | None:
        """The own broker, None when somebody else's is used."""
        return self._process("kafka")

    @property
    def redis_process(self) -> Managed | None:
        """The own Valkey server, None when somebody else's or a cluster is used."""
        return self._process("redis")

    @property
    def prometheus_urls(self) -> dict[str, str]:
        """Metrics URL by process name, of every live Flink process."""
        lives = {process.name for process in self._state.processes if alive(process)}
        return {name: url for name, url in self.metrics_urls.items() if name in lives}

    @property
    def metrics_urls(self) -> dict[str, str]:
        """The same of every recorded process that has one, dead ones included: these do not answer."""
        return {
            process.name: f"http://127.0.0.1:{process.metrics_port}/metrics"
            for process in self._state.processes
            if process.metrics_port
        }

    def job_status(self, job_id: str) -> str:
        """State of a job, such as RUNNING."""
        return self.rest.job_state(job_id)

    def add_taskmanager(self) -> Managed:
        """Starts one more TaskManager and waits until it is registered."""
        self._state, process = start_taskmanager(self._state, free_ports(1)[0])
        wait_registered(self._state, process, time.monotonic() + READY_WITHIN_S)
        return process

    def replace_lost_taskmanagers(self) -> list[str]:
        """Starts a new TaskManager for each that has ended; returns the names of those that had."""
        lost = [p.name for p in self._state.processes if p.name.startswith("taskmanager-") and not alive(p)]
        for name in lost:
            self._state = self._state.without_process(name)
            self.add_taskmanager()
        return lost

    def kill_taskmanager(self, index: int = 0, signum: int = signal.SIGKILL) -> Managed:
        """Sends a signal to the live TaskManager at `index`; returns it.

        After SIGKILL or SIGTERM it is gone when this returns; SIGSTOP and SIGCONT only pass through.
        """
        process = self.taskmanagers[index]
        send(process, signum)
        if signum in (signal.SIGKILL, signal.SIGTERM):
            if not wait_gone([process], GONE_WITHIN_S):
                raise StackError(f"{process.name} still runs {GONE_WITHIN_S:.0f} s after signal {signum}")
            self._state = self._state.without_process(process.name)
        return process

    def restart_redis(self, empty: bool = True) -> Managed:
        """Ends the own Valkey server and starts it again at the same address, with no data or with all of it."""
        self.stop_redis(empty)
        return self.start_redis()

    def stop_redis(self, empty: bool) -> None:
        """Ends the own Valkey server; with its data if not `empty`, up to the last write.

        Raises:
            StackError: The stack uses somebody else's server.
        """
        old = self.redis_process
        if not old:
            raise StackError(f"stack {self.name!r} has no Redis of its own to restart")
        if empty:
            redis.forget(self.root)
        else:
            redis.shut_down(self.redis_url)
            wait_gone([old], GONE_WITHIN_S)
        stop([old])

    def start_redis(self) -> Managed:
        """Starts the own Valkey server again where it was, with what it was ended with, and waits until it answers."""
        new = start_redis(self._state)
        self._state = self._state.with_process(new)
        deadline = time.monotonic() + READY_WITHIN_S
        wait_ready(f"Redis at {self.redis_url}", lambda: redis.answers(self.redis_url), [new], deadline)
        return new

    def replace_jobmanager(self) -> Managed:
        """Kills the JobManager, as a crash would, and starts another; returns it once every TaskManager has found it.

        Without high availability the jobs of the old one are gone, their checkpoints are not.
        """
        old = self._process("jobmanager")
        if old:
            send(old, signal.SIGKILL)
            wait_gone([old], GONE_WITHIN_S)
        new = flink.start_jobmanager(self.root, free_ports(1)[0])
        self._state = self._state.with_process(new)
        deadline = time.monotonic() + READY_WITHIN_S
        for taskmanager in self.taskmanagers:
            wait_registered(self._state, taskmanager, deadline)
        return new

    def look_again(self) -> None:
        """Learns what another process has started or ended since."""
        self._state = load(self.name) or self._state

    def kill_kafka(self) -> None:
        """Ends the own broker as a crash would: what it acknowledged is in its folder.

        Raises:
            StackError: The stack uses somebody else's broker.
        """
        old = self.kafka_process
        if not old:
            raise StackError(f"stack {self.name!r} has no Kafka of its own to kill")
        send(old, signal.SIGKILL)
        wait_gone([old], GONE_WITHIN_S)

    def start_kafka(self) -> Managed:
        """Starts the own broker again at its address, with all it had, and waits until it answers."""
        new = broker.start_again(self.root)
        self._state = self._state.with_process(new)
        deadline = time.monotonic() + READY_WITHIN_S
        wait_ready(f"Kafka at {self.kafka_bootstrap}", lambda: broker.answers(self.kafka_bootstrap), [new], deadline)
        return new

    def _process(self, name: str) -> Managed | None:
        return next((process for process in self._state.processes if process.name == name), None)
