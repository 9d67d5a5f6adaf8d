"""What an operator asks of Flink, in memory: keyed states of one key, and counters."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import ItemsView, KeysView


class MemoryMap:
    """A MapState."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def items(self) -> ItemsView[str, bytes]:
        return self.values.items()

    def keys(self) -> KeysView[str]:
        return self.values.keys()

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def put(self, key: str, value: bytes) -> None:
        self.values[key] = value

    def remove(self, key: str) -> None:
        self.values.pop(key, None)


class MemoryValue:
    """A ValueState."""

    def __init__(self) -> None:
        self.held: Any = None

    def value(self) -> Any:
        return self.held

    def update(self, value: Any) -> None:
        self.held = value


class MemoryList:
    """A ListState."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    def add(self, value: bytes) -> None:
        self.held.append(value)

    def get(self) -> list[bytes]:
        return list(self.held)

    def clear(self) -> None:
        self.held.clear()


class MemoryContext:
    """A RuntimeContext: states by name, which outlive the operator that is opened with it; counts by name."""

    def __init__(self) -> None:
        self.maps: dict[str, MemoryMap] = {}
        self.values: dict[str, MemoryValue] = {}
        self.lists: dict[str, MemoryList] = {}
        self.counts: Counter[str] = Counter()

    def get_map_state(self, descriptor: Any) -> MemoryMap:
        return self.maps.setdefault(descriptor.get_name(), MemoryMap())

    def get_state(self, descriptor: Any) -> MemoryValue:
        return self.values.setdefault(descriptor.get_name(), MemoryValue())

    def get_list_state(self, descriptor: Any) -> MemoryList:
        return self.lists.setdefault(descriptor.get_name(), MemoryList())

    def get_metrics_group(self) -> MemoryContext:
        return self

    def add_group(self, name: str, value: str | None = None) -> MemoryContext | _Group:
        return self if value is None else _Group(self.counts, f"{name}.{value}.")

    def counter(self, name: str) -> _Count:
        return _Count(self.counts, name)


class _Group:
    """One that names what it counts, as Flink does."""

    def __init__(self, counts: Counter[str], named: str) -> None:
        self._counts, self._named = counts, named

    def add_group(self, name: str, value: str) -> _Group:
        return _Group(self._counts, f"{self._named}{name}.{value}.")

    def counter(self, name: str) -> _Count:
        return _Count(self._counts, self._named + name)


class _Count:
    def __init__(self, counts: Counter[str], name: str) -> None:
        self._counts, self._name = counts, name

    def inc(self, count: int) -> None:
        self._counts[self._name] += count
