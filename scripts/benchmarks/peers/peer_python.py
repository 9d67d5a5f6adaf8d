"""Runs a module of the benchmarks by itself, on one thread, also in the environment of other libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = Path(__file__).resolve().parents[3]
PYTHON = _ROOT / ".tideline" / "peers" / "bin" / "python"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def check_peers(*packages: str) -> None:
    """Do nothing where the libraries that we are compared with are installed, these packages among them.

    Raises:
        ConfigError: they are not, or were before there were these.
    """
    inside = PYTHON.parents[1].glob("lib/python*/site-packages")
    if not PYTHON.exists() or not all((site / each).is_dir() for site in inside for each in packages):
        raise ConfigError("peers", str(PYTHON), "an environment made by `scripts/setup --peers`")


def run_peers(module: str, arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON that a module prints last, run where the libraries we are compared with are installed.

    Raises:
        ConfigError: they are not installed.
        OSError: the module failed; its messages went to standard error.
    """
    check_peers()
    return run_alone(module, arguments, PYTHON)


def run_alone(module: str, arguments: Sequence[str] = (), python: Path = Path(sys.executable)) -> dict[str, Any]:
    """Return the JSON that a module prints last, run as a process of its own.

    Raises:
        OSError: the module failed; its messages went to standard error.
    """
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [python, "-m", module, *arguments], cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise OSError(f"{module} ended with {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
