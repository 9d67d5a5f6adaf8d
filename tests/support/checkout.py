"""The repository a second time, as somebody else has it: what runs there knows nothing of this one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.support.doc_pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_FOLDERS = ("docs", "jobs", "models", "schemas", "scripts", "tideline", "udfs", "flink-conf")
_FILES = ("requirements.lock", "setup.cfg", "setup.py")


def checkout(folder: Path) -> Path:
    """Copy code and pages into a folder that is not there yet; what scripts/setup makes is linked."""
    folder.mkdir()
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(ROOT / name, folder / name)
    (folder / ".tideline").mkdir()
    (folder / ".venv").symlink_to(ROOT / ".venv")
    for name in ("jars", "redis"):
        (folder / ".tideline" / name).symlink_to(ROOT / ".tideline" / name)
    shutil.copytree(ROOT / ".tideline" / "setup", folder / ".tideline" / "setup")
    return folder
