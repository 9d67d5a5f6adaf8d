"""Columns as long as a log, in files of nobody else: what is read of them leaves memory again when it is told."""

from __future__ import annotations

import mmap
import os
from tempfile import TemporaryFile
from typing import Any
from weakref import WeakSet

import numpy as np


class OnDisk:
    """A `row_parts.Memory` in TMPDIR; the room of an array is free again when nobody holds it."""

    def __init__(self) -> None:
        self._maps = WeakSet[mmap.mmap]()

    def room(self, shape: tuple[int, ...], kind: type) -> np.ndarray[Any, Any]:
        """Return an array of zeros.

        Raises:
            OSError: there is no room for it.
        """
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        if not size:
            return np.zeros(shape, kind)
        with TemporaryFile() as file:
            os.posix_fallocate(file.fileno(), 0, size)  # else a full disk is told by a signal that ends the process
            mapped = mmap.mmap(file.fileno(), size)
        self._maps.add(mapped)
        return np.frombuffer(mapped, kind).reshape(shape)

    def forget(self) -> None:
        """Let what was read or written leave memory; it is in the files."""
        for each in self._maps:
            each.madvise(mmap.MADV_DONTNEED)
