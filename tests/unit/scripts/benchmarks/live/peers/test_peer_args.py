"""What one process of a peer is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.core_world import KEYS
from tests.support.doc_pages import ROOT
from tideline.scripts.benchmarks.live.peers.peer_args import PeerArgs, command_line

if TYPE_CHECKING:
    from pathlib import Path


def test_a_process_is_told_its_number_and_the_options_of_the_job(tmp_path: Path) -> None:
    secrets = {"TIDELINE_REDIS_URL": "redis://h:1/0", "TIDELINE_TOKEN_KEYS": f'{{"1":"{KEYS.secrets[1].hex()}"}}'}
    flags = ["--bootstrap", "h:1", "--encoder", str(ROOT / "models" / "artefacts" / "demo-1"), "--group-id", "mine"]
    given = PeerArgs.read(command_line(1, [7001, 7002], tmp_path, flags), secrets)
    assert (given.number, given.processes, given.ports, given.folder) == (1, 2, [7001, 7002], tmp_path)
    assert (given.config.consumer_group, given.config.redis_url) == ("mine", "redis://h:1/0")
