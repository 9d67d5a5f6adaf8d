"""The console of a local stack as one of its processes, so that it ends with the stack."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
import urllib.request

from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.launch import READY_WITHIN_S
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.scripts.localstack.process import free_ports, spawn, wait_ready
from tideline.scripts.localstack.state import load

_MODULE = "tideline.scripts.commands.tideline"
_WITHIN_S = 5.0


def start_console(stack: str, page: str = "health") -> str:
    """Start a console that shows the stack's made-up users and sends events of them; return where a browser begins.

    Raises:
        StackError: there is no such stack, or the console did not start; its log is in the message.
    """
    state = load(stack)
    if state is None:
        raise StackError(f"stack {stack!r} is not up")
    (port,), token = free_ports(1), secrets.token_urlsafe(32)
    token_file = state.root / "console.json"
    token_file.touch(0o600)
    token_file.write_text(json.dumps({"operator": token}))
    argv = [sys.executable, "-m", _MODULE, "console", "--stack", stack, "--port", str(port)]
    argv += ["--allow-writes", "*", "--show-ids", "--token-file", str(token_file)]
    environment = dict(os.environ) | {"PYTHONPATH": str(REPOSITORY)}
    process = spawn("console", argv, environment, state.root, state.root / "log" / "console.log")
    state.with_process(process)
    address = f"http://127.0.0.1:{port}/"
    wait_ready(f"the console at {address}", lambda: _answers(address), [process], time.monotonic() + READY_WITHIN_S)
    return f"{address}#/{page}{'&' if '?' in page else '?'}token={token}"


def _answers(address: str) -> bool:
    with urllib.request.urlopen(address, timeout=_WITHIN_S) as answer:  # noqa: S310 - http by contract
        return bool(answer.status == 200)
