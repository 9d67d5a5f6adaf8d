"""Columns in files of nobody else."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from tideline.scripts.analysis.disk_columns import OnDisk


def _resident_kib() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def test_what_was_written_is_there_after_it_left_memory() -> None:
    """Contract: 80 MB of a column take none of it once they are forgotten, and read as they were written."""
    memory = OnDisk()
    found = memory.room((10_000_000,), np.float64)
    assert not found[::1_000].any()
    found[:] = np.arange(10_000_000)
    full = _resident_kib()
    memory.forget()
    assert _resident_kib() < full - 60_000
    assert found.sum() == 9_999_999 * 5_000_000.0


def test_room_that_nobody_holds_is_free_again() -> None:
    memory = OnDisk()
    found = memory.room((1_000, 3), np.int8)
    assert (found.shape, found.dtype, found.flags.writeable) == ((1_000, 3), np.int8, True)
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    del found
    gc.collect()
    memory.forget()
    assert len(list(Path("/proc/self/fd").iterdir())) < open_files
    assert memory.room((0,), np.int64).size == 0


def test_a_full_disk_is_an_error_and_no_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: room is taken before it is written to."""

    def full(file: int, start: int, size: int) -> None:
        raise OSError(28, f"No space left on device ({start}, {size}, {file > 0})")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        OnDisk().room((10,), np.int64)
