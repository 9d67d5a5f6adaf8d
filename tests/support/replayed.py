"""`tideline replay` beside a live job of a test, with the job's own options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tideline.scripts.commands.replay import main

if TYPE_CHECKING:
    import pytest

    from tests.support.live import LiveJob


def flags_of(job: LiveJob, **options: str) -> list[str]:
    """Return the options of a live job as a replay takes them, others in their place where given."""
    own = {key: value for key, value in job.options.items() if key not in {"name", "epoch"}} | options
    return [part for key, value in own.items() for part in (f"--{key.replace('_', '-')}", value)]


def replayed(job: LiveJob, capsys: pytest.CaptureFixture[str], name: str, *argv: str, **options: str) -> dict[str, Any]:
    """Run it to its end and return what it printed; `options` are of the replay's job, beside those of the live one."""
    capsys.readouterr()
    told = ["--stack", job.stack.name, "--name", name, *argv, *flags_of(job, **options)]
    assert main(told) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found
