"""What a prober has seen, and how Prometheus is told of it."""

from __future__ import annotations

from typing import NamedTuple

BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Probe(NamedTuple):
    """What became of one view of each canary: after how many seconds its list came, None where none did."""

    seconds: tuple[float | None, ...]

    @property
    def fresh(self) -> int:
        """How many shards made a list."""
        return sum(each is not None for each in self.seconds)


class Seen(NamedTuple):
    """All probes until now.

    Attributes:
        buckets: How many lists came within each of BUCKETS_S, cumulative.
        came: How many came.
        total_s: In how many seconds, in all.
        lost: How many did not come in time.
        failures: Probes that Kafka or Redis did not take, by name.
        last_s: By shard, when its last list came or the prober began, on the prober's own clock.
    """

    buckets: tuple[int, ...]
    came: int
    total_s: float
    lost: int
    failures: dict[str, int]
    last_s: tuple[float, ...]


def begun(shards: int, now_s: float) -> Seen:
    """Return what is known before the first probe."""
    return Seen((0,) * len(BUCKETS_S), 0, 0.0, 0, {"kafka": 0, "redis": 0}, (now_s,) * shards)


def with_probe(seen: Seen, probe: Probe, now_s: float) -> Seen:
    """Return what is known after a probe that ended now."""
    came = [each for each in probe.seconds if each is not None]
    return seen._replace(
        buckets=tuple(
            before + sum(each <= limit for each in came) for before, limit in zip(seen.buckets, BUCKETS_S, strict=True)
        ),
        came=seen.came + len(came),
        total_s=seen.total_s + sum(came),
        lost=seen.lost + len(probe.seconds) - len(came),
        last_s=tuple(
            before if each is None else now_s for before, each in zip(seen.last_s, probe.seconds, strict=True)
        ),
    )


def with_failure(seen: Seen, part: str) -> Seen:
    """Return what is known after a probe that this part, kafka or redis, did not take."""
    return seen._replace(failures=seen.failures | {part: seen.failures[part] + 1})


def exposition(seen: Seen, now_s: float) -> str:
    """Return it as Prometheus reads it (text format 0.0.4)."""
    stale = [
        f'tideline_probe_stale_seconds{{shard="{shard}"}} {now_s - at:.3f}' for shard, at in enumerate(seen.last_s)
    ]
    limits = zip((*map(str, BUCKETS_S), "+Inf"), (*seen.buckets, seen.came), strict=True)
    lines = [
        "# HELP tideline_probe_seconds From a canary's event to its new list in Redis.",
        "# TYPE tideline_probe_seconds histogram",
        *(f'tideline_probe_seconds_bucket{{le="{limit}"}} {count}' for limit, count in limits),
        f"tideline_probe_seconds_sum {seen.total_s:.3f}",
        f"tideline_probe_seconds_count {seen.came}",
        "# HELP tideline_probe_lost_total Events of canaries after which no list came in time.",
        "# TYPE tideline_probe_lost_total counter",
        f"tideline_probe_lost_total {seen.lost}",
        "# HELP tideline_probe_failures_total Probes that could not be made, by what did not answer.",
        "# TYPE tideline_probe_failures_total counter",
        *(f'tideline_probe_failures_total{{part="{part}"}} {count}' for part, count in sorted(seen.failures.items())),
        "# HELP tideline_probe_stale_seconds Since the last list of a shard's canary, or the prober's start.",
        "# TYPE tideline_probe_stale_seconds gauge",
        *stale,
    ]
    return "".join(f"{line}\n" for line in lines)
