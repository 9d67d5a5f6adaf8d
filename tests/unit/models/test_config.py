import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from tideline.models.config import Config, default, with_file
from tideline.schemas.errors import ConfigError

PARAMS = Path(__file__).parents[3] / "models" / "params"


def file(folder: Path, content: object) -> Path:
    path = folder / "params.json"
    path.write_text(json.dumps(content))
    return path


def test_a_file_replaces_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    config = with_file(Config(), file(tmp_path, {"hidden": 48, "dropout": 0, "loss": "gbce"}))
    assert asdict(config) == asdict(Config()) | {"hidden": 48, "dropout": 0, "loss": "gbce"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hiden", 3),
        ("hidden", 0),
        ("hidden", 1.5),
        ("hidden", True),
        ("hidden", "64"),
        ("dropout", 1.0),
        ("dropout", None),
        ("loss", "top1"),
        ("loss", 3),
        ("epochs", 0),
        ("alpha", -0.1),
    ],
)
def test_a_bad_parameter_is_refused_with_its_name_value_and_what_is_allowed(
    tmp_path: Path, key: str, value: Any
) -> None:
    with pytest.raises(ConfigError) as caught:
        with_file(Config(), file(tmp_path, {key: value}))
    assert (caught.value.key, caught.value.value) == (key, value)
    assert caught.value.allowed


def test_a_file_that_is_not_an_object_is_refused(tmp_path: Path) -> None:
    for path in (file(tmp_path, [1]), tmp_path / "none.json", tmp_path):
        with pytest.raises(ConfigError, match="params"):
            with_file(Config(), path)


def test_many_items_are_trained_against_drawn_ones_and_few_against_all() -> None:
    assert default(items=1_000, events=50_000).negatives == 0
    assert 0 < default(items=40_000, events=700_000).negatives < 40_000


@pytest.mark.parametrize("path", sorted(PARAMS.glob("*.json")), ids=lambda path: path.stem)
def test_every_committed_parameter_file_can_be_used(path: Path) -> None:
    assert {field.name for field in fields(with_file(Config(), path))}
