"""Damage to files that nothing but a checksum shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyarrow import parquet

if TYPE_CHECKING:
    from pathlib import Path


def flip_a_byte(path: Path, column: str) -> None:
    """Change the last byte of the first data of a column of a Parquet file."""
    metadata = parquet.read_metadata(path)
    names = [metadata.schema.column(at).name for at in range(metadata.num_columns)]
    chunk = metadata.row_group(0).column(names.index(column))
    begin = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    data = bytearray(path.read_bytes())
    data[begin + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(data)
