"""A column of texts as numbers of the distinct ones: 4 bytes a row, where an array of texts takes 4 a character."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray


class CodedTexts(NamedTuple):
    """Texts of N rows.

    >>> coded = coded_texts(pa.array(["b", "a", "b"]))
    >>> coded.names.tolist(), coded.code.tolist(), coded.of(np.array([2, 1])).tolist()
    (['a', 'b'], [1, 0, 1], ['b', 'a'])
    """

    names: NDArray[np.str_]
    """The distinct texts, rising; each is in some row."""
    code: NDArray[np.int32]
    """Place of each row's text in `names` [N]."""

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.str_]:
        """Return the texts of some rows."""
        found: NDArray[np.str_] = self.names[self.code[rows]]
        return found

    def are(self, text: str) -> NDArray[np.bool_]:
        """Return which rows have a text [N]."""
        found = np.flatnonzero(self.names == text)
        same: NDArray[np.bool_] = self.code == (found[0] if found.size else -1)
        return same

    def among(self, rows: NDArray[np.int64]) -> CodedTexts:
        """Return the texts of some rows, by those that are among them."""
        used, code = np.unique(self.code[rows], return_inverse=True)
        return CodedTexts(self.names[used], code.astype(np.int32))

    def parts(self, count: int) -> NDArray[np.int64]:
        """Return which of so many parts each row is in by its text, the same in any table [N]."""
        parts = np.array([crc32(name.encode()) % count for name in self.names.tolist()], np.int64)
        found: NDArray[np.int64] = parts[self.code]
        return found


def coded_texts(texts: Any) -> CodedTexts:
    """Return an Arrow array of texts without nulls, in chunks or whole, coded."""
    chunked = texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts], pa.string())
    encoded = pc.dictionary_encode(chunked).unify_dictionaries()
    if not encoded.num_chunks:
        return CodedTexts(np.zeros(0, np.str_), np.zeros(0, np.int32))
    texts = np.asarray(encoded.chunk(0).dictionary.to_numpy(zero_copy_only=False), np.str_)
    names, place = np.unique(texts, return_inverse=True)  # zeros at a text's end are none to numpy: two may be one
    code = np.concatenate([place[each.indices.to_numpy(zero_copy_only=False)] for each in encoded.chunks])
    return CodedTexts(names, code.astype(np.int32))
