"""The secrets that sign decision tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Signing secrets by key id (0..255, each at least 32 bytes) and the one that new tokens use."""

    secrets: Mapping[int, bytes]
    current: int
