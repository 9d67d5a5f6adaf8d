"""What a command says that is sent to the job, and how it ends where no broker takes it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.doc_pages import ROOT
from tideline.scripts.commands.control import completed
from tideline.scripts.localstack.process import free_ports

if TYPE_CHECKING:
    import pytest

_IMPATIENT = """
import sys
from tideline.scripts.commands import target
from tideline.scripts.commands.tideline import main

target.PATIENCE_S = 0.5
sys.exit(main(sys.argv[1:]))
"""
"""The command, without the ten seconds that a broker is given."""


def test_a_command_without_a_broker_is_said_in_one_line() -> None:
    bootstrap = f"127.0.0.1:{free_ports(1)[0]}"
    command = [sys.executable, "-c", _IMPATIENT, "control", "--bootstrap", bootstrap, "republish", "id=17"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)

    assert ended.returncode == 1  # and not for the id: one of digits is a text all the same
    assert ended.stderr.startswith(
        f"control: kafka is unavailable: writing a command to topic control at {bootstrap}: "
    )
    assert ended.stderr.count("\n") == 1


def test_a_folder_of_a_model_is_told_as_every_worker_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: whole, though it was given as seen from here; a worker looks from a folder of its own."""
    monkeypatch.chdir(ROOT)

    told = completed("model", {"path": "models/artefacts/demo-2"})

    assert told["path"] == str(ROOT / "models" / "artefacts" / "demo-2")
    assert told.keys() == {"path", "version", "sha256"}
    assert completed("republish", {"id": "x"}) == {"id": "x"}
