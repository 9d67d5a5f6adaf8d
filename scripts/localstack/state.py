"""The record of one stack on disk: written before anything is waited for, so that a crash leaves nothing unknown."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TextIO

from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.paths import STATE_FOLDER
from tideline.scripts.localstack.process import Managed
from tideline.scripts.localstack.secured import Secured

STACKS = STATE_FOLDER / "stack"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}")


@dataclass(frozen=True)
class StackState:
    """Everything needed to find, use and stop a stack."""

    name: str
    kafka_bootstrap: str
    redis_url: str
    flink_rest_url: str
    next_taskmanager: int = 1
    secured: Secured | None = None
    processes: list[Managed] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The stack's own folder; `down` removes it."""
        return folder(self.name)

    def save(self) -> None:
        """Replaces the record in one step: a reader sees the old or the new one, never half."""
        document = asdict(self)
        for process in document["processes"]:
            process["log"] = str(process["log"])
        self.root.mkdir(parents=True, exist_ok=True)
        draft = self.root / "state.json.new"
        draft.touch(mode=0o600)  # a Redis has a password in its URL
        draft.write_text(json.dumps(document, indent=2) + "\n")
        draft.replace(self.root / "state.json")

    def with_process(self, process: Managed) -> StackState:
        """A copy that also knows this process (in the place of one with the same name), saved."""
        changed = replace(self, processes=[p for p in self.processes if p.name != process.name] + [process])
        changed.save()
        return changed

    def with_taskmanager(self, process: Managed) -> StackState:
        """As `with_process`, and the next TaskManager will get another name."""
        return replace(self, next_taskmanager=self.next_taskmanager + 1).with_process(process)

    def without_process(self, name: str) -> StackState:
        """A copy that no longer knows this process, saved."""
        changed = replace(self, processes=[p for p in self.processes if p.name != name])
        changed.save()
        return changed


def folder(name: str) -> Path:
    """Folder of the stack `name`.

    Raises:
        StackError: The name would not make a plain folder name.
    """
    if not _NAME.fullmatch(name):
        raise StackError(f"stack name {name!r}: allowed are letters, digits, '.', '_', '-', at most 41, not '-' first")
    return STACKS / name


def load(name: str) -> StackState | None:
    """The record of the stack `name`, None when there is none.

    Raises:
        StackError: The record cannot be read.
    """
    path = folder(name) / "state.json"
    try:
        document = json.loads(path.read_text())
        processes = [Managed(**{**process, "log": Path(process["log"])}) for process in document.pop("processes")]
        secured = document.pop("secured", None)
        return StackState(**document, processes=processes, secured=Secured(**secured) if secured else None)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise StackError(
            f"{path} is not a stack's record ({error}); end its processes and remove the folder"
        ) from error


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Holds the stack's lock: `up` and `down` of one name never run at the same time."""
    folder(name)
    STACKS.mkdir(parents=True, exist_ok=True)
    path = STACKS / f".{name}.lock"
    with _locked(path):
        yield
        if not folder(name).exists():
            path.unlink()


def _locked(path: Path) -> TextIO:
    while True:
        lock = path.open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The one who held it before may have removed the file: then ours has no name and locks nobody out.
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                return lock
        lock.close()
