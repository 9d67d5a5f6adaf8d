import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.models.conftest import ARTEFACTS, ModelCopy
from tideline.models import registry
from tideline.models.registry import Refusal
from tideline.schemas.errors import ModelError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    for name in ("demo-1", "demo-2"):
        shutil.copytree(ARTEFACTS / name, folder / name)
    return folder


@pytest.mark.parametrize("name", ["demo-1", "demo-2"])
def test_a_committed_artefact_is_whole_and_says_where_it_comes_from(name: str) -> None:
    manifest = registry.verify(ARTEFACTS / name)
    assert manifest.name == name
    assert set(manifest.training) == {
        "data", "range", "split", "seed", "epochs", "ended", "config", "metrics",
    }  # fmt: skip
    assert manifest.training["metrics"]["gru"]["category_hr@20"] > 0.591  # decayed Markov's on Complete Journey
    assert sum(file.stat().st_size for file in (ARTEFACTS / name).iterdir()) < 5_000_000


def test_publishing_moves_the_pointers_and_publishing_the_previous_one_rolls_back(root: Path) -> None:
    assert (registry.current(root), registry.previous(root)) == (None, None)
    registry.publish(root, "demo-1")
    assert (registry.current(root), registry.previous(root)) == ("demo-1", None)
    registry.publish(root, "demo-2")
    assert (registry.current(root), registry.previous(root)) == ("demo-2", "demo-1")
    registry.publish(root, "demo-1")
    assert (registry.current(root), registry.previous(root)) == ("demo-1", "demo-2")
    assert not list(root.glob("*.new"))


def test_publishing_the_current_one_again_keeps_the_previous(root: Path) -> None:
    for name in ("demo-1", "demo-2", "demo-2"):
        registry.publish(root, name)
    assert registry.previous(root) == "demo-1"


def test_a_broken_model_is_not_published(root: Path) -> None:
    registry.publish(root, "demo-1")
    (root / "demo-2" / "model.onnx").write_bytes(b"")
    with pytest.raises(ModelError) as caught:
        registry.publish(root, "demo-2")
    assert caught.value.reason == Refusal.SHA256
    assert registry.current(root) == "demo-1"


@pytest.mark.parametrize("content", ["", "{", "[]", '"demo-1"', '{"current": 3}'])
def test_pointers_that_cannot_be_read_are_refused(root: Path, content: str) -> None:
    (root / "pointers.json").write_text(content)
    with pytest.raises(ModelError) as caught:
        registry.current(root)
    assert caught.value.reason == Refusal.POINTER


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", 0),
        ("version", 65_536),
        ("version", True),
        ("version", "1"),
        ("hidden", 0),
        ("hidden", 256),
        ("dim", 32),
        ("item_buckets", -1),
        ("vocabulary_sha256", None),
        ("head_sha256", 3),
        ("example", {}),
        ("sha256", None),
    ],
)
def test_a_manifest_with_a_field_out_of_range_is_refused(copy: ModelCopy, key: str, value: Any) -> None:
    copy.manifest(lambda manifest: manifest.update({key: value}))
    with pytest.raises(ModelError, match=key) as caught:
        registry.verify(copy.folder)
    assert caught.value.reason == Refusal.MANIFEST


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", json.dumps({"name": "x"}).encode()])
def test_a_manifest_that_cannot_be_read_is_refused(copy: ModelCopy, content: bytes) -> None:
    (copy.folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError) as caught:
        registry.verify(copy.folder)
    assert caught.value.reason == Refusal.MANIFEST


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        registry.verify(tmp_path / "nothing")
    assert caught.value.reason == Refusal.MANIFEST
