"""What is kept of a replay on a local stack, so that it can be asked about, cancelled and gone on with by its name."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.resume import completed


@dataclass(frozen=True)
class Kept:
    """A replay as it was submitted.

    Attributes:
        options: Of its job, those of the range as offsets; no secret is among them.
        jobs: Ids in Flink, the newest last: each `--resume` is another one.
        result: What was printed at its end, None before.
        world: What is known of activities and orders of its range; None where it goes by those of its start.
    """

    options: dict[str, str]
    jobs: tuple[str, ...]
    result: dict[str, Any] | None = None
    world: dict[str, Any] | None = None

    @property
    def job(self) -> str:
        """The id of the newest job."""
        return self.jobs[-1]

    def again_as(self, job_id: str) -> Kept:
        """Return the same replay, gone on with by another job."""
        return replace(self, jobs=(*self.jobs, job_id))

    def ended(self, result: dict[str, Any]) -> Kept:
        """Return the same replay at its end."""
        return replace(self, result=result)


def keep(root: Path, name: str, kept: Kept) -> None:
    """Write it down in the folder of the stack, whole or not at all."""
    path = _path(root, name)
    path.parent.mkdir(exist_ok=True)
    written = path.with_suffix(".new")
    written.write_text(json.dumps(asdict(kept)))
    written.replace(path)


def with_own_users(root: Path, options: dict[str, str]) -> dict[str, str]:
    """Return the options of a replay with a file of users copied: to go on with it, whatever becomes of theirs."""
    told = options.get("users", "")
    if not told.startswith("@"):
        return options
    path = _users_path(root, options["name"])
    path.parent.mkdir(exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(Path(told[1:]).read_bytes())
    return options | {"users": f"@{path}"}


def known_of(root: Path, name: str) -> Kept | None:
    """Return what is kept of a replay, None where there is none of that name."""
    path = _path(root, name)
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    return Kept(found["options"], tuple(found["jobs"]), found["result"], found.get("world"))


def forget(root: Path, name: str) -> None:
    """Keep nothing of it any more."""
    _path(root, name).unlink(missing_ok=True)
    _users_path(root, name).unlink(missing_ok=True)


def kept_of(root: Path, name: str) -> Kept:
    """Return what is kept of a replay.

    Raises:
        StackError: nothing is.
    """
    kept = known_of(root, name)
    if kept is None:
        names = sorted(each.stem for each in (root / "replays").glob("*.json"))
        raise StackError(f"there is no replay {name!r}; there are: {', '.join(names) or 'none'}")
    return kept


def newest_state(root: Path, kept: Kept) -> str | None:
    """Return where the newest completed checkpoint of a replay's jobs lies, None where there is none."""
    found = [metadata for job in kept.jobs for metadata in completed(root, job)]
    return str(max(found, key=lambda each: each.stat().st_mtime_ns).parent) if found else None


def _path(root: Path, name: str) -> Path:
    return root / "replays" / f"{name}.json"


def _users_path(root: Path, name: str) -> Path:
    return root / "replays" / f"{name}.users"
