"""Contract: a prober beside the real job sees every shard make a list, and sees a shard that does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tideline.scripts.commands.tideline import main

if TYPE_CHECKING:
    from tests.support.live import LiveJob

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_every_shard_of_a_running_job_makes_a_list(job: LiveJob, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: status 0 and a time for each shard; canaries are never shown, so nobody learns from them."""
    feedback = job.oracle.learned()
    where = ("--stack", job.stack.name, "--topics", job.options["topics"], "--prefix", job.config.prefix)
    assert main(["probe", "--once", "--json", "--within", "120", *where]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["shards"], found["fresh"]) == (job.config.shards, job.config.shards)
    job.drain()
    assert job.oracle.learned() == feedback
    assert main(["probe", "--once", "--within", "0.1", *where, "--prefix", "nobody"]) == 1
    assert f"0 of {job.config.shards} shards have made a list" in capsys.readouterr().out
