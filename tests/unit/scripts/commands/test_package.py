"""What a cluster needs to run the job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.package import build_package, main


def test_the_folder_holds_one_import_name_the_entry_point_and_the_encoders(tmp_path: Path) -> None:
    """Contract: nothing in it is a link that leads back to the repository; scripts stay at home."""
    folder = build_package(tmp_path / "job")
    assert sorted(path.name for path in folder.iterdir()) == ["encoders", "interest_job.py", "packages"]
    assert [path.name for path in (folder / "packages").iterdir()] == ["tideline"]
    inside = {path.name for path in (folder / "packages" / "tideline").iterdir()}
    assert inside == {"__init__.py", "jobs", "models", "schemas", "udfs"}
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    assert (folder / "packages" / "tideline" / "udfs" / "io" / "write_lists.lua").is_file()
    assert (folder / "encoders" / "demo-1" / "manifest.json").is_file()


def test_it_runs_from_anywhere_and_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "interest_job.py").touch()
    (folder / "old").touch()
    assert main(["--out", str(folder)]) == 0
    assert not (folder / "old").exists()
    code = "import tideline.udfs.core.serving.engine as e, tideline.udfs.io.list_store; print(e.__file__)"
    environment = {"PYTHONPATH": str(folder / "packages")}
    done = subprocess.run([sys.executable, "-c", code], cwd="/", env=environment, capture_output=True, check=True)
    assert done.stdout.decode().startswith(str(folder))


def test_what_it_did_not_build_is_left_alone(tmp_path: Path) -> None:
    """Contract: a folder with other things, a file and / are refused, and nothing is written beside them."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    for out in (tmp_path / "mine", tmp_path / "mine" / "..", tmp_path / "mine" / "letter", Path("/")):
        with pytest.raises(ConfigError, match="--out"):
            build_package(out)
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["mine", "letter"]
