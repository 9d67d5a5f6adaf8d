"""The encoder as it is served: load and prove an artefact, step it. No torch.

CPU microseconds per event of `Encoder.step`, one thread with AVX-512, H = 64 and 39,500 item indices (in brackets
`step_inputs` before it): batch 1: 21 (21), 16: 1.9 (1.3), 128: 0.85 (0.19), 512: 0.73 (0.07). A call costs 20 at least:
batch. Two threads are slower up to batch 512. `scripts/bench encoder` measures.

On CUDA every step copies h to the device and back, because h lives in Flink's state between events; IO binding would
save copies only inside a window that is encoded anew. What it does for one step: `scripts/bench providers`.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from tideline.models.registry import MODEL, Manifest, Refusal, verify, vocabulary
from tideline.schemas.errors import ModelError
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.features import ORGANIC_TYPES, StepInputs, step_inputs

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tideline.udfs.core.users.features import Vocabulary

EXAMPLE_TOLERANCE = 1e-4
NORM_TOLERANCE = 1e-5
GPU_MEMORY_BYTES = 256 * 1024 * 1024
_CHECKED_AT_ONCE = 512  # the largest batch that is served: ONNX Runtime keeps the memory of the largest it has seen

_OUTPUTS = ["h_next", "x"]
_ORT_TYPES = {"tensor(int64)": "int64", "tensor(float)": "float32"}
_ORT_ERRORS = (
    ort_errors.EPFail,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class Encoder:
    """One loaded and proven artefact. Made by `Encoder.load`; one for each task, reused for all batches."""

    def __init__(self, manifest: Manifest, vocabulary: Vocabulary, session: Any) -> None:
        self.name = manifest.name
        self.version = manifest.version
        """1..65535; h and x of different versions must never meet."""
        self.hidden = manifest.hidden
        self.dim = manifest.dim
        self.vocabulary = vocabulary
        self.provider: Literal["cpu", "cuda"] = "cuda" if "CUDAExecutionProvider" in session.get_providers() else "cpu"
        """The one really in use."""
        self._session = session

    @classmethod
    def load(cls, folder: Path, provider: Literal["auto", "cpu", "cuda"] = "auto", threads: int = 1) -> Encoder:
        """Load a model folder, prove that it computes what its manifest says, and warm it up.

        `auto` takes CUDA where a device and its libraries are there, else the CPU; `cuda` refuses without. `threads`
        are CPU threads for one step; the job has one, because Flink makes the parallelism.

        Raises:
            ModelError: with any reason of `Refusal` but pointer.
        """
        manifest = verify(folder)
        names = vocabulary(folder, manifest)
        session = open_session(folder / MODEL, provider, threads)
        _check_signature(manifest, session)
        encoder = cls(manifest, names, session)
        if provider == "cuda" and encoder.provider != "cuda":
            raise ModelError(Refusal.PROVIDER, f"{manifest.name}: CUDA was demanded, its libraries do not load")
        _check_range(encoder)
        _check_example(encoder, manifest)
        return encoder

    def step(self, inputs: StepInputs, h: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return (h_next [B, hidden], x [B, dim]) of one event for each of B users with state h [B, hidden].

        A user without state has h = 0. On the CPU a row's result is the same, bit for bit, in any batch of 1..512.
        """
        found: list[NDArray[np.float32]] = self._session.run(
            _OUTPUTS,
            {
                "item": inputs.item,
                "category": inputs.category,
                "type": inputs.type,
                "gap": inputs.gap,
                "price": inputs.price,
                "quantity": inputs.quantity,
                "h": h,
            },
        )
        return found[0], found[1]


def open_session(model: Path, provider: Literal["auto", "cpu", "cuda"], threads: int = 1) -> Any:
    """Return ONNX Runtime's session of a model file, as `Encoder.load` steps it; nothing is proven.

    Raises:
        ModelError: with reason provider or not_loadable.
    """
    name = model.parent.name
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    providers: list[Any] = ["CPUExecutionProvider"]
    if provider != "cpu" and _cuda_device_there():
        cuda = {"gpu_mem_limit": GPU_MEMORY_BYTES, "arena_extend_strategy": "kSameAsRequested", "use_tf32": 0}
        providers.insert(0, ("CUDAExecutionProvider", cuda))
        ort.set_default_logger_severity(4)  # libraries that do not load are told by `provider`, not by a page of errors
        ort.preload_dlls()
    elif provider == "cuda":
        raise ModelError(Refusal.PROVIDER, f"{name}: CUDA was demanded, there is no device")
    try:
        return ort.InferenceSession(str(model), options, providers=providers)
    except _ORT_ERRORS as error:
        raise ModelError(Refusal.NOT_LOADABLE, f"{name}: {error}") from error


def _cuda_device_there() -> bool:
    """Tell whether CUDA can work: the GPU wheel lists CUDA everywhere and shouts when it then fails to load it."""
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        return False
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def _check_signature(manifest: Manifest, session: Any) -> None:
    for what, nodes, agreed in (
        ("inputs", session.get_inputs(), manifest.inputs),
        ("outputs", session.get_outputs(), manifest.outputs),
    ):
        # A free axis has a name or None; the batch is the one axis that may be free.
        found = {
            node.name: [_ORT_TYPES.get(node.type, node.type), *(n if isinstance(n, int) else "B" for n in node.shape)]
            for node in nodes
        }
        if found != agreed:
            raise ModelError(Refusal.SIGNATURE, f"{manifest.name}: {what} are {found}, agreed are {agreed}")


def _check_range(encoder: Encoder) -> None:
    """Step once from extreme states through every item, category and type index: warms up, and finds a bad row."""
    items, categories = encoder.vocabulary.item_indices, encoder.vocabulary.category_indices
    rows = np.arange(max(items, categories))
    ramp = np.linspace(0.0, 1.0, rows.size, dtype=np.float32)
    down = ramp[::-1].copy()
    inputs = StepInputs(rows % items, rows % categories, rows % ORGANIC_TYPES, gap=ramp, price=down, quantity=down)
    for start in range(0, rows.size, _CHECKED_AT_ONCE):
        for state in (0.0, 1.0, -1.0):
            _check_step(encoder, inputs.take(slice(start, start + _CHECKED_AT_ONCE)), state)


def _check_step(encoder: Encoder, inputs: StepInputs, state: float) -> None:
    h = np.full((inputs.item.size, encoder.hidden), state, dtype=np.float32)
    try:
        h_next, x = encoder.step(inputs, h)
    except _ORT_ERRORS as error:
        raise ModelError(Refusal.SIGNATURE, f"{encoder.name}: does not take its own indices: {error}") from error
    if not (np.isfinite(h_next).all() and np.isfinite(x).all()):
        raise ModelError(Refusal.NOT_FINITE, f"{encoder.name}: NaN or infinity from state {state}")
    longest = float(np.linalg.norm(x.astype(np.float64), axis=1).max())
    if longest > 1.0 + NORM_TOLERANCE:
        raise ModelError(Refusal.NORM, f"{encoder.name}: x of length {longest:.6f}; at most 1")


def _check_example(encoder: Encoder, manifest: Manifest) -> None:
    example = manifest.example
    try:
        inputs = step_inputs(
            encoder.vocabulary,
            np.array([hash32(text) for text in example["item_id"]], dtype=np.uint32),
            np.array([hash32(text) for text in example["category"]], dtype=np.uint32),
            np.array(example["type"], dtype=np.uint8),
            np.array(example["gap_ms"], dtype=np.int64),
            np.array(example["price"], dtype=np.float32),
            np.array(example["quantity"], dtype=np.float32),
        )
        found = encoder.step(inputs, np.array(example["h"], dtype=np.float32))
        wanted = [np.array(example[name], dtype=np.float32) for name in _OUTPUTS]
        error = max(float(np.abs(a - b).max()) for a, b in zip(found, wanted, strict=True))
    except (AttributeError, TypeError, ValueError, OverflowError, *_ORT_ERRORS) as failure:
        raise ModelError(Refusal.MANIFEST, f"{manifest.name}: example cannot be used: {failure}") from failure
    if not error <= EXAMPLE_TOLERANCE:
        raise ModelError(Refusal.EXAMPLE, f"{manifest.name}: off by {error:.2e}; at most {EXAMPLE_TOLERANCE}")
