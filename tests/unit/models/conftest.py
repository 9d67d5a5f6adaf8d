"""Copies of the committed artefact, whole or broken in one way."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ARTEFACTS = Path(__file__).parents[3] / "models" / "artefacts"


class ModelCopy:
    """A model folder that a test may break."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Apply `change` to the manifest."""
        path = self.folder / "manifest.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    def vocabulary(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Apply `change` to the vocabulary, and sign."""
        content = json.loads((self.folder / "vocabulary.json").read_text())
        change(content)
        self.replace("vocabulary.json", json.dumps(content).encode(), "vocabulary_sha256")

    def replace(self, name: str, content: bytes, signed_as: str) -> None:
        """Replace a file and its hash in the manifest."""
        (self.folder / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        self.manifest(lambda manifest: manifest.update({signed_as: digest}))

    def model(self, change: Callable[[bytes], bytes], *, sign: bool = True) -> None:
        """Replace the model's bytes; with `sign` the manifest gets their sha256."""
        path = self.folder / "model.onnx"
        if sign:
            self.replace("model.onnx", change(path.read_bytes()), "sha256")
        else:
            path.write_bytes(change(path.read_bytes()))

    def weights(self, name: str, offset_bytes: int, value: bytes) -> None:
        """Overwrite bytes of the initializer `name` in place, and sign."""

        def patch(model: bytes) -> bytes:
            # In a TensorProto the name is followed by field 9, raw data: tag 0x4a, length, bytes.
            at = model.index(name.encode() + b"\x4a") + len(name) + 1
            while model[at] & 0x80:
                at += 1
            at += 1 + offset_bytes
            return model[:at] + value + model[at + len(value) :]

        self.model(patch)


@pytest.fixture
def copy(tmp_path: Path) -> ModelCopy:
    folder = tmp_path / "demo-1"
    shutil.copytree(ARTEFACTS / "demo-1", folder)
    return ModelCopy(folder)
