"""Microseconds an event of an encoder artefact: one step, the features before it, and the job's whole sawtooth."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

from tideline.models.encoder import Encoder
from tideline.models.timing import features_us, sawtooth_us, step_us

BATCHES = (1, 16, 128, 512)

Provider = Literal["auto", "cpu", "cuda"]


def measure(folder: Path, provider: Provider, seconds: float) -> dict[str, Any]:
    """Return the figures by batch size, each a median over about `seconds`.

    `step` is the model alone, with its inputs at hand; `features` is what comes before it; `sawtooth` is all that the
    job does for an event's interest, features, gather and scatter included. `threads_2` has the first and the last on
    two CPU threads. The job takes as a batch what came within its micro-batch window (option batch_ms).

    Raises:
        ModelError: the artefact is refused, or CUDA was demanded and is not there.
    """
    encoder = Encoder.load(folder, provider)
    print(f"{encoder.name}: d={encoder.hidden}, on {encoder.provider}, one thread", file=sys.stderr)
    found: dict[str, Any] = {
        "model": encoder.name,
        "hidden": encoder.hidden,
        "provider": encoder.provider,
        "step": {str(batch): round(step_us(encoder, batch, seconds), 3) for batch in BATCHES},
        "features": {str(batch): round(features_us(encoder, batch, seconds), 3) for batch in BATCHES},
        "sawtooth": {str(batch): round(sawtooth_us(encoder, batch, seconds), 3) for batch in BATCHES},
    }
    if encoder.provider == "cpu":
        print("two threads", file=sys.stderr)
        two = Encoder.load(folder, "cpu", threads=2)
        found["threads_2"] = {
            "step": {str(batch): round(step_us(two, batch, seconds), 3) for batch in BATCHES},
            "sawtooth": {str(batch): round(sawtooth_us(two, batch, seconds), 3) for batch in BATCHES},
        }
    return found
