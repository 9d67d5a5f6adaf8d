"""Contract: a real server is looked at as the job would use it, and nothing in it is changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import redis

from tests.support.doc_pages import ROOT
from tideline.scripts.diagnosis.finding import State
from tideline.scripts.diagnosis.redis_checks import check

if TYPE_CHECKING:
    from tests.contract.conftest import Server


def test_a_server_with_every_right_is_well_and_stays_empty(own_server: Server) -> None:
    findings = {finding.subject: finding for finding in check(own_server.url, "tideline")}

    assert findings.keys() == {"redis", "eviction in Redis", "clock of Redis"}
    assert {finding.state for finding in findings.values()} == {State.OK}
    with redis.Redis.from_url(own_server.url) as admin:
        assert admin.dbsize() == 0


def test_the_documented_rights_are_enough_and_what_lacks_is_named(own_server: Server) -> None:
    """Contract: with the line of docs/operate.md all is well; what the login may not be asked is unknown, not wrong."""
    page = (ROOT / "docs" / "operate.md").read_text()
    (line,) = re.findall(r"^(ACL SETUSER tideline .*)$", page, re.MULTILINE)
    with redis.Redis.from_url(own_server.url) as admin:
        admin.execute_command(*line.replace(">PASSWORD", ">p").split())
        url = own_server.url.replace("redis://", "redis://tideline:p@")
        findings = {finding.subject: finding.state for finding in check(url, "tideline")}
        assert findings == {"redis": "ok", "eviction in Redis": "unknown", "clock of Redis": "unknown"}

        admin.execute_command("ACL", "SETUSER", "tideline", "-set", "-eval")
        first = next(check(url, "tideline"))
    assert first.state is State.WRONG
    assert first.to_do == "ACL SETUSER tideline ~tideline:* ~tideline@* +eval +set"
    assert ":p@" not in first.found


def test_a_server_that_evicts_or_takes_no_writes_is_wrong(own_server: Server) -> None:
    with redis.Redis.from_url(own_server.url) as admin:
        admin.config_set("maxmemory-policy", "allkeys-lru")
        admin.config_set("maxmemory", "100mb")
        findings = {finding.subject: finding for finding in check(own_server.url, "tideline")}
        assert findings["eviction in Redis"].state is State.WRONG
        admin.replicaof("127.0.0.1", 1)
        findings = {finding.subject: finding for finding in check(own_server.url, "tideline")}
        assert "is a replica" in findings["redis"].found


def test_a_server_that_does_not_answer_or_refuses_is_one_finding_without_the_password(own_server: Server) -> None:
    own = own_server.url.replace("redis://", "redis://nobody:hidden@")
    for url, reason in ((own, "refuses the login"), ("redis://:hidden@127.0.0.1:1/0", "ConnectionError")):
        (found,) = check(url, "tideline")
        assert found.state is State.WRONG
        assert reason in found.found
        assert "hidden" not in str(found)
