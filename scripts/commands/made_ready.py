"""A `flink run` that has made its job ready and waits for the state to begin with (`jobs/after.py`)."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tideline.jobs.after import ready_file
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_POLL_S = 0.05


class MadeReady:
    """The client's process; what it says goes to a file."""

    def __init__(self, command: Callable[[Path], Sequence[str]], environ: Mapping[str, str], folder: Path) -> None:
        """Start it; `command` makes its words from the file in which the state will be named."""
        self._named_in, self._said = folder / "state", folder / "said"
        with self._said.open("w") as said:
            words = command(self._named_in)
            self._process = subprocess.Popen(words, env=environ, stdout=said, stderr=subprocess.STDOUT)

    def wait(self, within_s: float) -> None:
        """Return once nothing but the state is waited for.

        Raises:
            StackError: it has ended, or is not that far in time.
        """
        deadline_s = time.monotonic() + within_s
        while not ready_file(self._named_in).exists():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise StackError(f"the job was not made ready; the other one runs on\n{self._said.read_text()[-3000:]}")
            time.sleep(_POLL_S)
        if self._process.poll() is not None:  # between its being ready and this look
            raise StackError(f"what was made ready has ended; the other job runs on\n{self._said.read_text()[-3000:]}")

    def go_on(self, state: str, within_s: float) -> tuple[int, str]:
        """Name the state; return the exit status and all that it has said."""
        self._named_in.write_text(f"{state}\n")
        return self._process.wait(within_s), self._said.read_text()

    def end(self) -> None:
        """End it where it has not."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


@contextmanager
def made_ready(command: Callable[[Path], Sequence[str]], environ: Mapping[str, str]) -> Iterator[MadeReady]:
    """Start one; when this is left it has ended, and its Python with it: the folder is gone."""
    with TemporaryDirectory(prefix="tideline-after-") as folder:
        client = MadeReady(command, environ, Path(folder))
        try:
            yield client
        finally:
            client.end()
