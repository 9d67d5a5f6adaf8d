"""Contract: what is installed is what the lock says, byte for byte, and a release can say what it is made of."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.doc_pages import ROOT
from tests.support.waiting import PATIENCE_S

_UV = Path(sys.executable).with_name("uv")
_LOCK = (ROOT / "requirements.lock").read_text()
_PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+) ", _LOCK, re.MULTILINE))


def _run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_every_package_of_the_lock_has_hashes_and_is_what_is_here() -> None:
    """Contract: by uv's own word, without asking anybody."""
    asked = _run(_UV, "pip", "install", "--python", sys.executable, "--offline", "--dry-run", "--require-hashes",
                 "--requirement", "requirements.lock")  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    assert "Would make no changes" in asked.stderr
    assert len(_PINS) > 80


@pytest.mark.parametrize("how", ["--requirement", "--constraint"])
def test_a_file_of_other_bytes_is_not_installed(tmp_path: Path, how: str) -> None:
    """Contract: as setup installs, and as an image and a wheel's environment do."""
    wrong = tmp_path / "wrong.lock"
    wrong.write_text(f"shtab=={_PINS['shtab']} --hash=sha256:{7:064d}\n")
    wanted = ["shtab"] if how == "--constraint" else []
    done = _run(_UV, "pip", "install", "--target", tmp_path / "site", "--no-deps", how, wrong, *wanted)
    assert done.returncode != 0
    assert "Hash mismatch" in done.stderr
    assert not (tmp_path / "site" / "shtab").exists()


def test_a_release_says_what_it_is_made_of(tmp_path: Path) -> None:
    """Contract: all of the lock with its hashes, the connector, the page's libraries; valid, and the same each time."""
    for name in ("one", "two"):
        done = _run(ROOT / ".ci" / "sbom", tmp_path / name)
        assert done.returncode == 0, done.stderr
    one, two = ((tmp_path / name / "python.json").read_bytes() for name in ("one", "two"))
    assert one == two
    found = {path.stem: json.loads(path.read_text())["components"] for path in (tmp_path / "one").glob("*.json")}
    assert {each["name"]: each["version"] for each in found["python"]}.keys() == _PINS.keys()
    hashes = [
        each["content"] for part in found["python"] for where in part["externalReferences"] for each in where["hashes"]
    ]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", _LOCK))
    assert "flink-sql-connector-kafka" in {each["name"] for each in found["java"]}
    assert {"preact", "uplot"} <= {each["name"] for each in found["console"]}
    assert all(each["hashes"] for each in [*found["java"], *found["console"]])
