"""What one process of a peer is given, and what it makes of that first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tideline.scripts.benchmarks.live.peers.count_file import CountFile
from tideline.udfs.io.list_store import ListStore
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PeerArgs(NamedTuple):
    """Which of the processes it is; a port for each; a folder for what it keeps; the options of the live job."""

    number: int
    ports: list[int]
    folder: Path
    config: JobConfig

    @classmethod
    def read(cls, argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> PeerArgs:
        """Return what a command line says, as `command_line` writes it; secrets come by the environment."""
        number, ports, folder, *flags = argv
        return cls(int(number), [int(port) for port in ports.split(",")], Path(folder), load(JobConfig, flags, environ))

    @property
    def processes(self) -> int:
        """How many there are."""
        return len(self.ports)

    def counting(self) -> CountFile:
        """Return where this process tells how far it is."""
        return CountFile(self.folder, self.number)

    def store(self) -> ListStore:
        """Return where lists are written."""
        config = self.config
        return ListStore(config.redis_url, config.prefix, config.list_ttl_s * 1000)


def command_line(number: int, ports: Sequence[int], folder: Path, flags: Sequence[str]) -> list[str]:
    """Return the arguments of one process."""
    return [str(number), ",".join(map(str, ports)), str(folder), *flags]
