"""What a GPU is worth to the encoder: one step by hidden size, batch size and provider, and whether x is the same.

The networks are `models/gru.py`'s with weights drawn from a seed, exported as trained ones are: what a step costs does
not depend on what was learned. A user's state has room for 255 numbers of h, so the larger ones only say what a wider
encoder would cost.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np

from tideline.models.encoder import open_session
from tideline.models.registry import Refusal
from tideline.models.timing import median_us
from tideline.schemas.errors import ModelError
from tideline.scripts.benchmarks.offline.bound_step import BoundStep
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.context import DIM
from tideline.udfs.core.users.features import ORGANIC_TYPES, StepInputs
from tideline.udfs.core.users.interest import quantise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Step = Callable[[StepInputs, NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]

HIDDEN = (64, 256, 1_024)
BATCHES = (1, 16, 128, 512, 4_096)
COLUMNS = ("cpu", "cpu bound", "cuda", "cuda bound")
"""By session.run as the job steps, and by arrays bound once (`bound_step.py`)."""
_MEMORY = 64
_ITEMS, _CATEGORIES = 2_000, 300
_PARITY_STEPS, _PARITY_USERS = 32, 512


class Parity(TypedDict):
    """How far what users are known by is from what the CPU finds, after 32 events of 512 users."""

    x_differ: int
    """Of `x_of` numbers of x, quantised as lists and learning read them; 0: every list is the same, byte for byte."""
    x_of: int
    h_off: float
    """Largest distance of a number of h."""


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    step_us: dict[str, dict[str, dict[str, float | None]]]
    parity: dict[str, dict[str, Parity | None]]
    pays_from: dict[str, int | None]
    missing: dict[str, str]
    pinned: bool | None
    markdown: list[str]


class Network(NamedTuple):
    """A written network."""

    model: Path
    hidden: int
    """Numbers of h."""


class _Sessions(NamedTuple):
    by_provider: dict[str, Any]
    missing: dict[str, str]


def measure(seconds: float, hidden: Sequence[int] = HIDDEN, batches: Sequence[int] = BATCHES) -> Figures:
    """Return the figures, each a median over about `seconds` on one CPU thread; prints the table of them as well.

    Raises:
        ModuleNotFoundError: torch, which exports the networks, is not installed.
    """
    step_us: dict[str, dict[str, dict[str, float | None]]] = {}
    parity: dict[str, dict[str, Parity | None]] = {}
    pinned, missing = None, dict[str, str]()
    with tempfile.TemporaryDirectory() as folder:
        for width in hidden:
            network = written(Path(folder) / f"h{width}" / "model.onnx", width)
            sessions = _sessions(network)
            missing = sessions.missing
            step_us[str(width)] = dict.fromkeys(COLUMNS, dict.fromkeys(map(str, batches), None))
            parity[str(width)] = dict.fromkeys(COLUMNS)
            for column in COLUMNS:
                session = sessions.by_provider.get(column.split()[0])
                if session is None:
                    continue
                say(f"hidden {width}, {column}")
                timed, is_pinned = _timed(column, session, network, batches, seconds)
                step_us[str(width)][column] = dict(timed)
                parity[str(width)][column] = _parity(column, session, sessions.by_provider["cpu"], network)
                pinned = is_pinned if column == "cuda bound" else pinned
    pays = {width: pays_from(by_column) for width, by_column in step_us.items()}
    markdown = table(step_us, parity, pays, missing)
    for line in markdown:
        say(line)
    return {
        "step_us": step_us,
        "parity": parity,
        "pays_from": pays,
        "missing": missing,
        "pinned": pinned,
        "markdown": markdown,
    }


def written(model: Path, hidden: int) -> Network:
    """Export a network with weights from a seed."""
    import torch  # only where networks are written

    from tideline.models.config import Config
    from tideline.models.export import write_onnx
    from tideline.models.gru import GRUEncoder

    torch.manual_seed(hidden)
    network = GRUEncoder(Config(hidden=hidden, memory=_MEMORY, dim=DIM), _ITEMS, _CATEGORIES).eval()
    model.parent.mkdir(parents=True)
    write_onnx(network, model)
    return Network(model, network.state)


def _sessions(network: Network) -> _Sessions:
    """Return a session of each provider that is there, and why another is not."""
    found, missing = {"cpu": open_session(network.model, "cpu")}, {}
    try:
        session = open_session(network.model, "cuda")
    except ModelError as error:
        if error.reason != Refusal.PROVIDER:
            raise
        missing["cuda"] = "no GPU here"
    else:
        if "CUDAExecutionProvider" in session.get_providers():
            found["cuda"] = session
        else:
            missing["cuda"] = "a GPU, but CUDA's libraries do not load"
    return _Sessions(found, missing)


def _timed(
    column: str, session: Any, network: Network, batches: Sequence[int], seconds: float
) -> tuple[dict[str, float], bool]:
    """Return microseconds an event by batch size, and whether memory was page-locked."""
    found, pinned = {}, False
    for batch in batches:
        inputs, h = _inputs(batch, 0), _states(batch, network.hidden)
        bound = BoundStep(session, batch, network.hidden, DIM) if column.endswith("bound") else None
        step, pinned = (stepping(session), False) if bound is None else (bound.step, bound.pinned)
        found[str(batch)] = round(median_us(partial(step, inputs, h), seconds) / batch, 3)
        if bound is not None:
            bound.close()
    return found, pinned


def stepping(session: Any) -> Step:
    """Return the step of a session as `Encoder` makes it: arrays of its own for every call."""

    def step(inputs: StepInputs, h: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        named = {name: getattr(inputs, name) for name in StepInputs.__dataclass_fields__}
        h_next, x = session.run(["h_next", "x"], {**named, "h": h})
        return h_next, x

    return step


def _parity(column: str, session: Any, reference: Any, network: Network) -> Parity:
    """Step the same users by a column and by the CPU as the job does, each from its own h."""
    bound = BoundStep(session, _PARITY_USERS, network.hidden, DIM) if column.endswith("bound") else None
    step, truth = stepping(session) if bound is None else bound.step, stepping(reference)
    h, true_h = np.zeros((2, _PARITY_USERS, network.hidden), np.float32)
    for number in range(_PARITY_STEPS):
        inputs = _inputs(_PARITY_USERS, 1 + number)
        h_next, x = step(inputs, h)
        h = h_next.copy()
        true_h, true_x = truth(inputs, true_h)
    differ = int(np.count_nonzero(quantise(x) != quantise(true_x)))
    found: Parity = {"x_differ": differ, "x_of": x.size, "h_off": float(np.abs(h - true_h).max())}
    if bound is not None:
        bound.close()
    return found


def _inputs(batch: int, number: int) -> StepInputs:
    draw = np.random.default_rng([batch, number])
    gap, price, quantity = draw.random((3, batch), dtype=np.float32)
    item, category, kind = (draw.integers(0, most, batch) for most in (_ITEMS, _CATEGORIES, ORGANIC_TYPES))
    return StepInputs(item, category, kind, gap, price, quantity)


def _states(batch: int, hidden: int) -> NDArray[np.float32]:
    return np.random.default_rng(batch).uniform(-1.0, 1.0, (batch, hidden)).astype(np.float32)


def pays_from(by_column: dict[str, dict[str, float | None]]) -> int | None:
    """Return the smallest batch from which on a GPU takes less than a CPU thread at every size; None for never.

    >>> pays_from({"cpu": {"1": 5.0, "16": 4.0}, "cpu bound": {}, "cuda": {"1": 9.0, "16": 3.0}})
    16
    """
    found = None
    cpu = {batch: _least(by_column, ("cpu", "cpu bound"), batch) for batch in by_column["cpu"]}
    for batch, spent in cpu.items():
        other = _least(by_column, ("cuda", "cuda bound"), batch)
        if spent is None or other is None or other >= spent:
            found = None
        elif found is None:
            found = int(batch)
    return found


def _least(by_column: dict[str, dict[str, float | None]], columns: Sequence[str], batch: str) -> float | None:
    known = [us for column in columns if (us := by_column.get(column, {}).get(batch)) is not None]
    return min(known, default=None)


def table(
    step_us: dict[str, dict[str, dict[str, float | None]]],
    parity: dict[str, dict[str, Parity | None]],
    pays: dict[str, int | None],
    missing: dict[str, str],
) -> list[str]:
    """Return the lines of the published table."""
    batches = list(next(iter(step_us.values()))["cpu"])
    lines = [
        "| hidden | provider | " + " | ".join(f"batch {batch}" for batch in batches) + " | numbers of x that differ |",
        "|---" * (3 + len(batches)) + "|",
    ]
    for width, by_column in step_us.items():
        for column, by_batch in by_column.items():
            proof = parity[width][column]
            if proof is None:
                cells = [missing[column.split()[0]]] * (1 + len(batches))
            else:
                cells = [*(f"{us:.2f}" for us in by_batch.values()), f"{proof['x_differ']} of {proof['x_of']}"]
            lines.append(" | ".join((f"| {width}", column, *cells)) + " |")
    if missing:
        return [*lines, f"When a GPU pays: {', '.join(missing.values())}."]
    told = (f"{width}: " + ("never" if batch is None else f"from {batch} on") for width, batch in pays.items())
    return [*lines, f"When a GPU pays, by hidden size: {', '.join(told)}."]
