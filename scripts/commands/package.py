"""Builds what a cluster needs to run the job: dist/tideline-job with the entry point, the packages and an encoder.

`scripts/package [--out DIR]`; DIR/packages belongs on the PYTHONPATH of the TaskManagers and of the client,
then `flink run -py DIR/interest_job.py live ...`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("jobs", "models", "schemas", "udfs")
DEFAULT_OUT = ROOT / "dist" / "tideline-job"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "artefacts", "prepare", "examples")


def build_package(out: Path = DEFAULT_OUT) -> Path:
    """Make the folder anew and return it. Nothing in it depends on where the repository is."""
    fresh = out.with_name(f".{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, fresh / "packages" / "tideline" / package, ignore=_LEFT_OUT)
    shutil.copy(ROOT / "tideline" / "__init__.py", fresh / "packages" / "tideline" / "__init__.py")
    shutil.copy(ROOT / "jobs" / "interest_job.py", fresh / "interest_job.py")
    shutil.copytree(ROOT / "models" / "artefacts", fresh / "encoders")
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(out)
    return out


def main(argv: list[str]) -> int:
    """Build and say where."""
    parser = argparse.ArgumentParser(prog="scripts/package", description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    out = build_package(parser.parse_args(argv).out)
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
