"""Which list `tideline explain` means, and by which activities and encoder it works it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.core_world import NOON_MS
from tests.unit.scripts.audit.test_decision_scores import World
from tideline.schemas.decision_writer import encode_decision
from tideline.schemas.errors import ConfigError
from tideline.schemas.records import DECISION
from tideline.scripts.audit.decision_scores import Ranking
from tideline.scripts.commands.explain_decision import chosen, encoder_of, ranker_of, weights_at
from tideline.scripts.commands.tideline import main
from tideline.scripts.parsers.model_parser import ARTEFACTS
from tideline.udfs.core.control.control import Control, Republish, SetWeights, encode_control
from tideline.udfs.core.policies.policy_start import TopicRecord

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.udfs.core.control.control import Command

_ID = "1.1700000000000.0"


def _topic() -> list[TopicRecord]:
    """Return the log of three lists of four entries: two of u, and one of v that has the id of the first."""
    found: list[TopicRecord] = []
    for at, each in enumerate(World("linucb").log(2) + World("linucb").log(1)):
        user = b"u" if at < 8 else b"v"
        told = each | {"user_id": user.decode(), "shown_ms": NOON_MS + at // 4}
        found.append(TopicRecord(at, user, encode_decision(told), NOON_MS))
    more = [(b"u", b"no decision"), (b"u", None), (b"w", _ID.encode())]
    return found + [TopicRecord(12 + at, *each, NOON_MS) for at, each in enumerate(more)]


def _chosen(subject: str, decision: str | None = None, at_ms: int | None = None) -> list[tuple[str, str, int]]:
    found: list[dict[str, Any]] = chosen(_topic(), subject, decision, at_ms)
    return [(each["user_id"], each["decision_id"], each["position"]) for each in found]


def test_a_list_is_that_of_a_user_the_newest_by_then_or_the_one_named() -> None:
    """Contract: by the moment that it was shown; every entry once, in order of places."""
    other = "1.1700000000000.1"
    assert _chosen("u") == [("u", other, at) for at in range(4)]
    assert _chosen("u", _ID) == _chosen("u", None, NOON_MS) == [("u", _ID, at) for at in range(4)]
    assert _chosen(other) == _chosen("u", other)
    assert chosen([*_topic(), *_topic()], "u", None, None) == chosen(_topic(), "u", None, None)


@pytest.mark.parametrize(
    ("subject", "decision", "at_ms"),
    [("x", None, None), ("u", "1.2.3", None), ("u", None, NOON_MS - 1), ("w", None, 1)],
)
def test_who_was_shown_nothing_of_the_kind_is_told(subject: str, decision: str | None, at_ms: int | None) -> None:
    with pytest.raises(ConfigError, match="a user who was shown something"):
        _chosen(subject, decision, at_ms)


@pytest.mark.parametrize(
    "wrong", [{"x": b"short"}, {"pair": -1}, {"pair": 1 << 24}, {"eligible": 0}, {"position": 400}]
)
def test_a_record_that_no_job_wrote_is_none(wrong: dict[str, Any]) -> None:
    """Contract: numbers that would end the work; a user id that is no text finds nobody either."""
    (first, *_) = World("linucb").log(1)
    topic = [TopicRecord(0, b"u", DECISION.encode(first | {"user_id": "u"} | wrong), NOON_MS)]
    for subject in ("u", "\udcff"):
        with pytest.raises(ConfigError):
            chosen(topic, subject, None, None)


def test_an_id_that_several_users_have_a_list_of_names_them() -> None:
    with pytest.raises(ConfigError, match=f"with --decision {_ID}: u, v have such a list"):
        _chosen(_ID)


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
