"""Something that is looked at again and again beside a test."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from types import TracebackType


class Watch:
    """Calls `look` from a thread of its own while it is open."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        if kind is None:
            assert not self._thread.is_alive()

    def look(self) -> None:
        """Look once."""
        raise NotImplementedError

    def _run(self) -> None:
        while not self._stop.wait(self._period_s):
            self.look()
