"""A step whose inputs and outputs lie in fixed memory, beside the one that the job makes."""

from __future__ import annotations

import numpy as np

from tests.support.model_folders import ARTEFACTS
from tideline.models.encoder import Encoder, open_session
from tideline.models.registry import MODEL
from tideline.scripts.benchmarks.offline.bound_step import BoundStep
from tideline.udfs.core.users.features import StepInputs

BATCH = 37


def inputs(seed: int) -> StepInputs:
    draw = np.random.default_rng(seed)
    gap, price, quantity = draw.random((3, BATCH), dtype=np.float32)
    return StepInputs(
        draw.integers(0, 200, BATCH), draw.integers(0, 20, BATCH), draw.integers(0, 4, BATCH), gap, price, quantity
    )


def test_a_bound_step_is_the_step_of_the_job_bit_for_bit() -> None:
    """Contract: also from one step to the next, whose outputs overwrite the former ones."""
    folder = ARTEFACTS / "demo-2"
    encoder = Encoder.load(folder, "cpu")
    bound = BoundStep(open_session(folder / MODEL, "cpu"), BATCH, encoder.hidden, encoder.dim)
    h = np.zeros((BATCH, encoder.hidden), np.float32)
    for seed in range(5):
        wanted_h, wanted_x = encoder.step(inputs(seed), h)
        found_h, found_x = bound.step(inputs(seed), h)
        np.testing.assert_array_equal(found_h, wanted_h)
        np.testing.assert_array_equal(found_x, wanted_x)
        h = found_h.copy()


def test_memory_is_locked_for_cuda_alone() -> None:
    bound = BoundStep(open_session(ARTEFACTS / "demo-2" / MODEL, "cpu"), 1, 80, 16)
    assert not bound.pinned
    bound.close()
