"""Identity of the code that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tideline.scripts.commands.package import build_package
from tideline.udfs.settings.build import BUILD_ID

PRINT = "from tideline.udfs.settings.build import BUILD_ID; print(BUILD_ID)"


def build_id_in(packages: Path) -> str:
    """The id that a process says which finds the code only in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    done = subprocess.run(
        [sys.executable, "-c", PRINT], cwd="/", env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_line_more_is_another_build(tmp_path: Path) -> None:
    """Contract: client and workers with the same files say the same, wherever these lie, in whatever language."""
    packages = build_package(tmp_path / "job") / "packages"
    copied = build_id_in(packages)
    assert len(copied) == len(BUILD_ID) == 12
    assert build_id_in(build_package(tmp_path / "elsewhere") / "packages") == copied
    said = {copied}
    for name in (
        "udfs/core/hashing.py",
        "udfs/operators/kept/KeptUsers.java",
        "udfs/io/write_lists.lua",
        "schemas/decision.avsc",
    ):
        changed = packages / "tideline" / name
        changed.write_text(changed.read_text() + "\n")
        said.add(build_id_in(packages))
    assert len(said) == 5
