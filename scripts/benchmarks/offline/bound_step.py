"""One step of a network whose inputs and outputs lie in fixed host memory: no array is made for a call.

Where CUDA runs it that memory is page-locked by the driver, so that the device reads and writes it directly. The job
does not step like this: its batches have any size, and on the CPU nothing is gained (`scripts/bench providers`).
"""

from __future__ import annotations

import ctypes
import mmap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.users.features import StepInputs

_PORTABLE = 1  # CU_MEMHOSTREGISTER_PORTABLE: locked for every context of the process
_ALIGNED = 64
_COLUMNS: dict[str, type[np.generic]] = {
    **dict.fromkeys(("item", "category", "type"), np.int64),
    **dict.fromkeys(("gap", "price", "quantity"), np.float32),
}


class _Tensor(NamedTuple):
    name: str
    dtype: type[np.generic]
    shape: tuple[int, ...]


class BoundStep:
    """A session bound to memory for batches of one size; `close` unlocks that.

    Attributes:
        pinned: Whether the memory is page-locked.
    """

    def __init__(self, session: Any, batch: int, hidden: int, dim: int) -> None:
        """Bind; `session` is one of `tideline.models.encoder.open_session`."""
        columns = [_Tensor(name, dtype, (batch,)) for name, dtype in _COLUMNS.items()]
        inputs = [*columns, _Tensor("h", np.float32, (batch, hidden))]
        outputs = [_Tensor("h_next", np.float32, (batch, hidden)), _Tensor("x", np.float32, (batch, dim))]
        self._memory = mmap.mmap(-1, sum(_room(each) for each in (*inputs, *outputs)))
        self._arrays = _carved(self._memory, [*inputs, *outputs])
        self._driver = _locked(self._memory) if "CUDAExecutionProvider" in session.get_providers() else None
        self.pinned = self._driver is not None
        self._session = session
        self._binding = session.io_binding()
        for bind, tensors in ((self._binding.bind_input, inputs), (self._binding.bind_output, outputs)):
            for each in tensors:
                address = self._arrays[each.name].ctypes.data
                bind(each.name, "cpu", 0, each.dtype, list(each.shape), address)

    def step(self, inputs: StepInputs, h: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what `Encoder.step` does, in arrays that the next call overwrites; batches of the bound size alone."""
        arrays = self._arrays
        for name in _COLUMNS:
            arrays[name][:] = getattr(inputs, name)
        arrays["h"][:] = h
        self._session.run_with_iobinding(self._binding)
        return arrays["h_next"], arrays["x"]

    def close(self) -> None:
        """Unlock the memory, once no step runs; without it the pages stay locked as long as the process lives."""
        if self._driver is not None:
            self._driver.cuMemHostUnregister(ctypes.c_void_p(_address(self._memory)))
            self._driver = None


def _room(tensor: _Tensor) -> int:
    size = int(np.prod(tensor.shape)) * np.dtype(tensor.dtype).itemsize
    return -(-size // _ALIGNED) * _ALIGNED


def _carved(memory: mmap.mmap, tensors: list[_Tensor]) -> dict[str, NDArray[Any]]:
    found, at = {}, 0
    for each in tensors:
        count = int(np.prod(each.shape))
        found[each.name] = np.frombuffer(memory, each.dtype, count, at).reshape(each.shape)
        at += _room(each)
    return found


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _locked(memory: mmap.mmap) -> Any:
    """Return CUDA's driver once it has locked the pages; None where it does not, and copies go by way of its own."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    status = driver.cuMemHostRegister_v2(
        ctypes.c_void_p(_address(memory)), ctypes.c_size_t(len(memory)), ctypes.c_uint(_PORTABLE)
    )
    return None if status else driver
