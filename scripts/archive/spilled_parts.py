"""Rows in parts on disk, each part a stream of Arrow batches: what does not fit into memory as a whole."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


def spill(batches: Iterable[tuple[Any, NDArray[np.int64]]], file: Callable[[int], Path]) -> None:
    """Write tables or batches of one schema, each with the part of each of its rows, to the files of the parts.

    Each part that has rows is an open file meanwhile. Rows of a part keep their order.

    Raises:
        OSError: a file cannot be written.
    """
    with ExitStack() as stack:
        writers: dict[int, Any] = {}
        for rows, of in batches:
            for part in np.unique(of).tolist():
                if part not in writers:
                    # opened here: a stream that opens its file by itself leaves it open where an error ends it
                    sink = stack.enter_context(pa.OSFile(str(file(part)), "wb"))
                    writers[part] = stack.enter_context(pa.ipc.new_stream(sink, rows.schema, options=_LZ4))
                writers[part].write(rows.take(pa.array(np.flatnonzero(of == part))))


def spilled(path: Path) -> pa.Table:
    """Return the rows of a part that was spilled."""
    with pa.ipc.open_stream(str(path)) as stream:
        return stream.read_all().combine_chunks()


def spilled_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield them as they were spilled."""
    with pa.ipc.open_stream(str(path)) as stream:
        yield from stream
