"""Texts as numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tideline.models.coded_texts import coded_texts


@settings(deadline=None)
@example(chunks=[["a", "a\0"]], seed=0)
@given(chunks=st.lists(st.lists(st.text(max_size=3), max_size=6), max_size=4), seed=st.integers(0, 99))
def test_coded_texts_say_what_the_texts_did(chunks: list[list[str]], seed: int) -> None:
    """Contract: by numpy's own unique, in any chunks, of all rows and of some of them."""
    texts = [text for chunk in chunks for text in chunk]
    coded = coded_texts(pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string()))
    as_numpy = np.array(texts, np.str_)
    names, code = np.unique(as_numpy, return_inverse=True)
    assert (coded.names.tolist(), coded.code.tolist()) == (names.tolist(), code.tolist())
    rows = np.random.default_rng(seed).permutation(len(texts))[: len(texts) // 2]
    some = coded.among(rows)
    assert some.names[some.code].tolist() == coded.of(rows).tolist() == as_numpy[rows].tolist()
    assert some.names.tolist() == sorted(set(as_numpy[rows].tolist()))
    for name in ["", *as_numpy[:2].tolist()]:
        assert coded.are(name).tolist() == (as_numpy == name).tolist()


def test_a_text_is_in_the_same_part_of_any_table() -> None:
    """Contract: and texts are spread over all parts."""
    some, others = (coded_texts(pa.array([f"user-{at}" for at in range(*ends)])) for ends in ((0, 200), (100, 300)))
    assert some.parts(7)[100:].tolist() == others.parts(7)[:100].tolist()
    assert set(some.parts(7).tolist()) == set(range(7))
