"""Which list `tideline explain` means, and by which activities and encoder it works it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import NOON_MS
from tideline.scripts.audit.decision_scores import Ranking
from tideline.scripts.commands.explain_decision import encoder_of, ranker_of, weights_at
from tideline.scripts.commands.tideline import main
from tideline.scripts.parsers.model_parser import ARTEFACTS
from tideline.udfs.core.control.control import Control, Republish, SetWeights, encode_control
from tideline.udfs.core.policies.policy_start import TopicRecord

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.udfs.core.control.control import Command

_ID = "1.1700000000000.0"


def test_an_archive_that_is_none_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "u", "--bootstrap", "h:1", "--archive", str(tmp_path / "typo")]) == 1
    assert "typo" in (said := capsys.readouterr().err)
    assert said.count("\n") == 1


def test_weights_are_those_that_were_ordered_by_then() -> None:
    """Contract: the last order by a moment; other commands, garbage and later ones count nothing."""
    orders: list[Command] = [SetWeights(2.0, 1.0, 0.5, 0.25), Republish("x"), SetWeights(3.0, 0.0, 0.0)]
    topic = [
        TopicRecord(at, b"k", encode_control(Control(each, NOON_MS)), NOON_MS + at) for at, each in enumerate(orders)
    ]
    topic.append(TopicRecord(3, b"k", b"garbage", NOON_MS))
    assert weights_at(topic, NOON_MS + 1) == (2.0, 1.0, 0.5, 0.25)
    assert weights_at(topic, NOON_MS + 2) == (3.0, 0.0, 0.0, 0.0)
    assert weights_at(topic, NOON_MS - 1) == weights_at([], NOON_MS) == (1.0, 5.0, 0.0, 0.0)


def test_an_encoder_is_found_by_its_version(tmp_path: Path) -> None:
    """Contract: among the folders that are whole; else the reason names folder and version."""
    found = encoder_of(ARTEFACTS, 2)
    assert not isinstance(found, str)
    assert found.version == 2
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{}")
    assert encoder_of(tmp_path, 2) == f"{tmp_path} has no encoder of version 2"


def test_without_secrets_no_token_is_taken() -> None:
    encoder = encoder_of(ARTEFACTS, 2)
    assert not isinstance(encoder, str)
    one, other = (ranker_of(Ranking("pairs", (1.0, 0.0, 0.0, 0.0)), encoder, {}, None) for _ in range(2))
    assert one.settings.keys.secrets != other.settings.keys.secrets
