"""What `tideline model` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.parsers.model_parser import ARTEFACTS


def test_a_registry_is_the_shipped_one_unless_it_is_given() -> None:
    assert taken("model", "list").registry == ARTEFACTS
    assert (ARTEFACTS / "demo-2").is_dir()
    assert taken("model", "rollback --registry elsewhere").registry == Path("elsewhere")


def test_a_model_is_published_with_what_it_is_judged_by() -> None:
    """Contract: sequences to predict and those it was trained on are never guessed."""
    given = taken("model", "publish demo-2 --data test.csv --train train.csv")
    assert (given.name, given.target, given.of, given.most_us, given.slowdown) == ("demo-2", "last", "item", 2.0, 2.0)
    assert "--data, --train" in refused("model", "publish demo-2")


def test_a_job_is_told_unless_only_the_registry_is_meant() -> None:
    given = taken("model", "rollback --bootstrap k:9092")
    assert (given.bootstrap, given.registry_only) == ("k:9092", False)
    assert taken("model", "rollback --registry-only").registry_only


@pytest.mark.parametrize("verb", ["train", "export"])
def test_an_interrupted_training_is_ended_by_what_it_was_given(verb: str) -> None:
    given = taken("model", f"{verb} --data train.csv --out mine")
    assert str(given.out) == "mine"
