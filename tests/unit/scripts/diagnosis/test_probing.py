"""Contract: what a prober has seen adds up, and Prometheus reads it."""

from __future__ import annotations

from tests.support.promtool import promtool
from tideline.scripts.diagnosis.probing import BUCKETS_S, Probe, begun, exposition, with_failure, with_probe

_PROBES = (Probe((0.05, 0.3)), Probe((0.2, None)), Probe((None, None)), Probe((9.0, 1.0)))


def test_counts_are_those_of_a_plain_count() -> None:
    """Contract: a histogram is cumulative; what did not come is counted apart and changes no time."""
    seen = begun(2, 100.0)
    for number, probe in enumerate(_PROBES):
        seen = with_probe(seen, probe, 110.0 + number)
    came = [each for probe in _PROBES for each in probe.seconds if each is not None]
    assert seen.buckets == tuple(sum(each <= limit for each in came) for limit in BUCKETS_S)
    assert (seen.came, round(seen.total_s, 6), seen.lost) == (5, round(sum(came), 6), 3)
    assert seen.last_s == (113.0, 113.0)
    assert [probe.fresh for probe in _PROBES] == [2, 1, 0, 2]


def test_a_shard_that_was_never_seen_grows_stale_from_the_start() -> None:
    """Contract: its age is told by shard, so that one silent shard is not hidden by seven that speak."""
    seen = with_probe(begun(2, 100.0), Probe((0.1, None)), 130.0)
    page = exposition(seen, 131.5)
    assert 'tideline_probe_stale_seconds{shard="0"} 1.500\n' in page
    assert 'tideline_probe_stale_seconds{shard="1"} 31.500\n' in page


def test_a_probe_that_could_not_be_made_is_no_lost_list() -> None:
    """Contract: the prober's own trouble is told apart by what did not answer."""
    page = exposition(with_failure(begun(1, 0.0), "redis"), 0.0)
    assert 'tideline_probe_failures_total{part="redis"} 1\n' in page
    assert 'tideline_probe_failures_total{part="kafka"} 0\n' in page
    assert "tideline_probe_lost_total 0\n" in page


def test_the_page_is_one_that_prometheus_reads() -> None:
    """Contract: promtool finds every line well-formed; each metric has its help and type."""
    seen = begun(2, 0.0)
    for probe in _PROBES:
        seen = with_probe(seen, probe, 1.0)
    assert promtool("check", "metrics", given=exposition(seen, 2.0)) == ""
