"""Codes of lags."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.lags import LAG_CODES, NO_LAG, lag_code, lag_starts_ms


@given(st.integers(-(2**50), 2**70))
def test_a_lag_is_within_its_code(lag_ms: int) -> None:
    """Contract: none is NO_LAG, all fit six bits, and a later one never has a lower code."""
    code = lag_code(lag_ms)
    assert NO_LAG < code < LAG_CODES
    if 0 <= lag_ms < 2**61:
        assert lag_starts_ms(code) <= lag_ms < lag_starts_ms(code + 1)
    assert lag_code(lag_ms) <= lag_code(lag_ms + 1)
