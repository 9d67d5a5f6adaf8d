"""What `tideline doctor` takes."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_lines import refused, taken


def test_the_group_and_the_prefix_are_those_of_the_job_where_none_is_given() -> None:
    given = taken("doctor", "")
    assert (given.group_id, given.prefix, given.flink, given.bootstrap) == ("tideline", "tideline", None, None)


def test_a_deployment_is_told_by_its_addresses() -> None:
    given = taken("doctor", "--bootstrap k:9093 --redis-url-file url --flink http://j:8081 --group-id shop")
    assert (given.bootstrap, given.redis_url_file, given.flink) == ("k:9093", Path("url"), "http://j:8081")
    assert given.group_id == "shop"


def test_brokers_that_cannot_be_are_refused() -> None:
    assert "allowed:" in refused("doctor", "--bootstrap k:port")
