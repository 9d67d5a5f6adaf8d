import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.models.conftest import ARTEFACTS, ModelCopy
from tideline.models.encoder import Encoder
from tideline.models.registry import Refusal
from tideline.schemas.errors import ModelError
from tideline.udfs.core.users.features import StepInputs

ENCODER = Encoder.load(ARTEFACTS / "demo-1", "cpu")
NAN = np.float32(np.nan).tobytes()
NAMES = ("item", "category", "type", "gap", "price", "quantity")
GRU = 32
"""Numbers of h that are the GRU's; its memory follows."""


def inputs_of(rng: np.random.Generator, shape: int | tuple[int, ...]) -> StepInputs:
    return StepInputs(
        rng.integers(0, ENCODER.vocabulary.item_indices, shape),
        rng.integers(0, ENCODER.vocabulary.category_indices, shape),
        rng.integers(0, 4, shape),
        *(rng.random(shape, dtype=np.float32) for _ in range(3)),
    )


@pytest.mark.parametrize(("name", "version"), [("demo-1", 1), ("demo-2", 2)])
def test_a_committed_artefact_follows_torch_for_500_steps(name: str, version: int) -> None:
    """Contract: torch and ONNX agree to 1e-5 after 500 steps; the trajectory was stored by torch at export."""
    encoder = Encoder.load(ARTEFACTS / name, "cpu")
    assert (encoder.name, encoder.version, encoder.provider) == (name, version, "cpu")
    assert (encoder.hidden, encoder.dim) == (GRU + 48, 16)
    with np.load(ARTEFACTS / name / "golden.npz") as golden:
        stored = {key: golden[key] for key in (*NAMES, "h", "x")}
    h = np.zeros((1, encoder.hidden), dtype=np.float32)
    for at in range(500):
        h, x = encoder.step(StepInputs(*(stored[key][at : at + 1] for key in NAMES)), h)
        assert np.abs(h[0] - stored["h"][at]).max() <= 1e-5
        assert np.abs(x[0] - stored["x"][at]).max() <= 1e-5


@pytest.mark.parametrize("size", [1, 2, 3, 7, 15, 16, 17, 64, 255, 256, 512])
def test_a_row_is_bit_identical_alone_and_in_a_batch(size: int) -> None:
    """Contract: micro-batching cannot change a list."""
    rng = np.random.default_rng(size)
    inputs, h = inputs_of(rng, size), rng.uniform(-1, 1, (size, ENCODER.hidden)).astype(np.float32)
    together = ENCODER.step(inputs, h)
    for row in range(size):
        alone = ENCODER.step(inputs.take(slice(row, row + 1)), h[row : row + 1])
        assert together[0][row].tobytes() == alone[0][0].tobytes()
        assert together[1][row].tobytes() == alone[1][0].tobytes()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 128), st.sampled_from([0.0, 0.5, 1.0]))
def test_x_has_a_constant_inside_and_a_norm_of_at_most_1(seed: int, size: int, state: float) -> None:
    rng = np.random.default_rng(seed)
    h = (rng.choice([-1, 1], (size, ENCODER.hidden)) * state).astype(np.float32)
    h_next, x = ENCODER.step(inputs_of(rng, size), h)
    assert (np.linalg.norm(x.astype(np.float64), axis=1) <= 1.0).all()
    assert len(set(x[:, 0].tolist())) == 1
    assert x[0, 0] > 0.5
    assert (np.abs(h_next[:, :GRU]) <= 1.0 + 1e-6).all()  # float32 rounding may pass 1


def refused(copy: ModelCopy) -> str:
    with pytest.raises(ModelError) as caught:
        Encoder.load(copy.folder, "cpu")
    assert caught.value.detail
    return caught.value.reason


def test_a_truncated_file_is_refused_by_its_sha256(copy: ModelCopy) -> None:
    copy.model(lambda model: model[:-100], sign=False)
    assert refused(copy) == Refusal.SHA256


@pytest.mark.parametrize("keep", [0, 1_000, 400_000])
def test_a_truncated_file_with_its_own_sha256_is_not_loadable(copy: ModelCopy, keep: int) -> None:
    copy.model(lambda model: model[:keep])
    assert refused(copy) == Refusal.NOT_LOADABLE


def test_a_folder_without_a_model_is_refused(copy: ModelCopy) -> None:
    (copy.folder / "model.onnx").unlink()
    assert refused(copy) == Refusal.MISSING_FILE


def test_a_model_of_another_shape_is_refused(copy: ModelCopy) -> None:
    def widen(manifest: dict[str, Any]) -> None:
        manifest["hidden"] = 64
        manifest["inputs"]["h"] = manifest["outputs"]["h_next"] = ["float32", "B", 64]

    copy.manifest(widen)
    assert refused(copy) == Refusal.SIGNATURE


def test_a_manifest_with_other_inputs_is_refused(copy: ModelCopy) -> None:
    copy.manifest(lambda manifest: manifest["inputs"].pop("price"))
    assert refused(copy) == Refusal.SIGNATURE


def test_more_buckets_than_the_model_has_rows_are_refused(copy: ModelCopy) -> None:
    copy.manifest(lambda manifest: manifest.update(item_buckets=5_000))
    assert refused(copy) == Refusal.SIGNATURE


@pytest.mark.parametrize("table", ["item_table", "category_table", "type_table", "of_state", "bias", "to_v"])
def test_one_nan_in_any_weight_is_found(copy: ModelCopy, table: str) -> None:
    copy.weights(table, 96 * 4, NAN)
    assert refused(copy) == Refusal.NOT_FINITE


def test_a_vector_longer_than_1_is_refused(copy: ModelCopy) -> None:
    copy.weights("constant", 0, np.float32(1.5).tobytes())
    assert refused(copy) == Refusal.NORM


def test_other_weights_than_those_of_the_stored_pair_are_refused(copy: ModelCopy) -> None:
    copy.weights("v_bias", 4 * 4, np.float32(0.9).tobytes())
    assert refused(copy) == Refusal.EXAMPLE


def test_other_categories_than_those_of_the_stored_pair_are_refused(copy: ModelCopy) -> None:
    copy.vocabulary(lambda names: names.update(categories=[f"{name}!" for name in names["categories"]]))
    assert refused(copy) == Refusal.EXAMPLE


@pytest.mark.parametrize(
    "key_and_value",
    [
        ("x", [["a"]] * 4),
        ("h", [[0.0]] * 4),
        ("item_id", [1, 2, 3, 4]),
        ("type", [0, 1, 2, 300]),
        ("gap_ms", [None] * 4),
    ],
)
def test_an_example_that_cannot_be_used_is_refused(copy: ModelCopy, key_and_value: tuple[str, Any]) -> None:
    copy.manifest(lambda manifest: manifest["example"].update([key_and_value]))
    assert refused(copy) == Refusal.MANIFEST


@pytest.mark.parametrize(
    "names",
    [
        {"items": ["a", "b", "a"], "categories": []},
        {"items": [], "categories": ["A", "A"]},
        {"items": []},
        {"items": [1], "categories": []},
        {"items": "ab", "categories": []},
        [],
    ],
)
def test_a_vocabulary_that_is_not_two_lists_of_different_names_is_refused(copy: ModelCopy, names: Any) -> None:
    copy.replace("vocabulary.json", json.dumps(names).encode(), "vocabulary_sha256")
    assert refused(copy) == Refusal.VOCABULARY


def test_another_vocabulary_than_the_manifest_describes_is_refused(copy: ModelCopy) -> None:
    """Contract: a model is served with the names it was trained with, or not at all."""
    (copy.folder / "vocabulary.json").write_text('{"items": [], "categories": []}')
    assert refused(copy) == Refusal.SHA256
    (copy.folder / "vocabulary.json").unlink()
    assert refused(copy) == Refusal.MISSING_FILE


def test_a_known_item_takes_an_index_of_its_own_and_moves_the_buckets(copy: ModelCopy) -> None:
    """Contract: more indices than the model has rows are found at load, known items counted."""
    copy.vocabulary(lambda names: names["items"].append("item-x"))
    assert refused(copy) == Refusal.SIGNATURE


def test_cuda_on_demand_is_used_or_refused() -> None:
    if Encoder.load(ARTEFACTS / "demo-1").provider == "cuda":
        assert Encoder.load(ARTEFACTS / "demo-1", "cuda").provider == "cuda"
        return
    with pytest.raises(ModelError) as caught:
        Encoder.load(ARTEFACTS / "demo-1", "cuda")
    assert caught.value.reason == Refusal.PROVIDER


def test_loading_is_silent_and_names_the_provider_in_use() -> None:
    """Contract: the GPU wheel on a machine without a GPU uses the CPU, says so, and prints nothing."""
    code = (
        "import sys; from pathlib import Path; from tideline.models.encoder import Encoder;"
        "print(Encoder.load(Path(sys.argv[1])).provider)"
    )
    command = [sys.executable, "-c", code, str(ARTEFACTS / "demo-1")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ARTEFACTS.parents[1], check=True)
    assert done.stdout.strip() in {"cpu", "cuda"}
    assert done.stderr == ""


def test_fifty_swaps_leave_the_memory_as_it_was() -> None:
    """Contract: a former session is given back; resident memory, which swings by 5 %, is in the middle what it was."""
    code = """
import sys
from pathlib import Path
from statistics import median
from tideline.models.encoder import Encoder

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

folders = [Path(folder) for folder in sys.argv[1:]]
seen = []
for number in range(60):
    encoder = Encoder.load(folders[number % 2], "cpu")
    seen.append(resident())
print(median(seen[45:]) / median(seen[10:25]))
"""
    command = [sys.executable, "-c", code, str(ARTEFACTS / "demo-1"), str(ARTEFACTS / "demo-2")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ARTEFACTS.parents[1], check=True)
    assert float(done.stdout) <= 1.05


def test_serving_imports_neither_torch_nor_pyflink() -> None:
    code = "import sys; sys.modules.update(torch=None, pyflink=None, onnx=None); import tideline.models.encoder"
    subprocess.run([sys.executable, "-c", code], cwd=ARTEFACTS.parents[1], check=True)
