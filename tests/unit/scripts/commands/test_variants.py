"""What `tideline variants` says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import activity
from tests.support.variant_rows import write_variant_log
from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.variants import alone, main
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.core.catalogue.competing import Variant

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = {name: set(parser.keys) for name, parser in parser_of("variants").sub_verbs().items()}


def test_a_plan_says_beforehand_what_would_be_missed(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 3 where the users are too few, with what they are enough for."""
    assert main(["plan", "--rate", "0.06", "--least", "0.1", "--users", "60000"]) == 3
    said = capsys.readouterr().out
    assert "by 60,000 users it would be missed in most cases: they are enough for one of 12% or more" in said
    assert main(["plan", "--rate", "0.06", "--least", "0.2", "--users", "60000", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == _KEYS["plan"]
    assert (told["missed"], told["least"], told["given"]) == (False, 0.2, 60_000)
    assert told["users"] <= 2 * told["each"]
    assert main(["plan", "--rate", "0.06"]) == 0


def test_the_status_names_the_winner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: a row a variant with users, clicks, share, rate, chance, difference and bounds; then the verdict."""
    path = str(write_variant_log(tmp_path / "log.parquet", 9000))
    assert main(["status", "c08-0042", "--log", path, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == _KEYS["status"]
    assert (told["verdict"], told["winner"], told["left_out"]) == ("winner", "cow", 900)
    assert [each["id"] for each in told["variants"]] == ["red", "blue", "cow"]
    assert sum(each["users"] for each in told["variants"]) == told["users"] == 8100
    assert told["variants"][2]["low"] > 0.0

    assert main(["status", "c08-0042", "--log", path]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "c08-0042: click of 8,100 users, even split"
    assert lines[-1] == "cow is the winner"
    assert len(lines) == 6


def test_few_users_cannot_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 3, the figures all the same, and how many more it takes."""
    path = str(write_variant_log(tmp_path / "log.parquet", 300))
    assert main(["status", "c08-0042", "--log", path]) == 3
    assert "undecided; a difference of 20% would need " in capsys.readouterr().out


def test_of_variants_that_do_not_differ_the_cheaper_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = dict.fromkeys(("red", "blue", "cow"), 0.5)
    path = str(write_variant_log(tmp_path / "log.parquet", 20_000, rates=same))
    assert main(["status", "c08-0042", "--log", path, "--least", "0.3"]) == 0
    assert "alike: no difference of 30% is left; keep the cheaper, cow" in capsys.readouterr().out


def test_one_variant_alone_is_the_activity_itself() -> None:
    """Contract: what it states replaces the activity's own, which else stays; its id is a label."""
    both = (Variant("red", {"discount": 0.1}), Variant("cow", {"discount": 0.2}, {"creative": "cow.png"}))
    several = activity("a", parameters={"discount": 0.0, "depth": 3.0}, labels={"shop": "x"}, variants=both)
    found = alone(several, "cow")
    assert (found.variants, found.parameters) == ((), {"discount": 0.2, "depth": 3.0})
    assert found.labels == {"shop": "x", "creative": "cow.png", "variant": "cow"}
    with pytest.raises(ConfigError, match="--keep='blue' cannot be used; allowed: red, cow"):
        alone(several, "blue")


def test_more_than_an_activity_may_state_is_refused() -> None:
    """Contract: before it is written."""
    full = activity("a", labels={f"l{at}": "x" for at in range(64)}, variants=(Variant("red"), Variant("blue")))
    with pytest.raises(ConfigError, match="at most 64 texts"):
        alone(full, "red")
