"""Builds what a cluster needs to run the job: `tideline package`."""

from __future__ import annotations

import shutil
from pathlib import Path

from tideline.schemas.errors import ConfigError
from tideline.scripts.parsers.package_parser import DEFAULT_OUT
from tideline.scripts.parsers.verbs import parse

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("jobs", "models", "schemas", "udfs")
_ENTRY_POINT = "interest_job.py"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "artefacts", "prepare", "examples")


def build_package(out: Path = DEFAULT_OUT) -> Path:
    """Make the folder anew and return it. Nothing in it depends on where the repository is.

    Raises:
        ConfigError: something else is there, which would be lost.
    """
    out = out.resolve()
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / _ENTRY_POINT).is_file())):
        raise ConfigError("--out", str(out), "a folder that is not there yet, is empty, or was built by this command")
    fresh = out.with_name(f".{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, fresh / "packages" / "tideline" / package, ignore=_LEFT_OUT)
    shutil.copy(ROOT / "tideline" / "__init__.py", fresh / "packages" / "tideline" / "__init__.py")
    shutil.copy(ROOT / "jobs" / _ENTRY_POINT, fresh / _ENTRY_POINT)
    shutil.copytree(ROOT / "models" / "artefacts", fresh / "encoders")
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(out)
    return out


def main(argv: list[str]) -> int:
    """Build and say where."""
    out = build_package(parse("package", argv).out)
    print(out)
    return 0
