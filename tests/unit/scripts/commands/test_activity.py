"""Contract: a marketer reads what is wrong and where, before anything is written."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.support.doc_pages import ROOT
from tests.support.wrong_activities import GOOD, WRONG_FILES, WrongFile, text_of
from tideline.scripts.commands.activity import _value, main
from tideline.scripts.localstack.process import free_ports
from tideline.scripts.parsers.verbs import parser_of

Captured = pytest.CaptureFixture[str]


def _file(folder: Path, text: str) -> str:
    path = folder / "spring.json"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("wrong", WRONG_FILES, ids=lambda wrong: wrong.name)
def test_a_wrong_file_is_refused_before_any_broker_is_asked(wrong: WrongFile, tmp_path: Path, capsys: Captured) -> None:
    """Contract: exit status 1 from `check` and from `put`, the same line of both, with no broker there to write to."""
    path = _file(tmp_path, wrong.text)
    assert main(["check", path]) == 1
    checked = capsys.readouterr()
    assert main(["put", path, "--anyway", "--bootstrap", f"127.0.0.1:{free_ports(1)[0]}"]) == 1
    put = capsys.readouterr()

    assert checked.err == put.err
    assert checked.out == put.out == ""
    (line,) = checked.err.splitlines()
    assert line.startswith(f"{path}:{wrong.line}: ")
    assert wrong.allowed in line
    assert wrong.key is None or f"{wrong.key}=" in line


def test_json_has_what_the_lines_say(tmp_path: Path, capsys: Captured) -> None:
    text = f"{json.dumps(GOOD)}\n{json.dumps(GOOD | {'activity_id': 'b', 'kind': 'raffle'})}\n"
    assert main(["check", _file(tmp_path, text), "--json"]) == 1

    told = json.loads(capsys.readouterr().out)

    assert told.keys() == parser_of("activity").sub_verbs()["check"].keys.keys()
    assert told["activities"] == [GOOD["activity_id"]]
    (wrong,) = told["wrong"]
    assert wrong == wrong | {"line": 2, "activity_id": "b", "key": "kind", "value": "'raffle'"}
    assert wrong["allowed"].startswith("campaign, coupon, ")


def test_a_good_file_is_said_to_be_good(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: exit status 0; a byte order mark and standard input are taken."""
    path = _file(tmp_path, "\ufeff" + text_of(GOOD))
    assert main(["check", path]) == 0
    assert capsys.readouterr().out == f"{path}: 1 activity, nothing wrong\n"
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps([GOOD, GOOD | {"activity_id": "b"}]).encode()))
    )
    assert main(["check", "-"]) == 0
    assert capsys.readouterr().out == "-: 2 activities, nothing wrong\n"


def test_what_can_be_shown_to_nobody_is_told(tmp_path: Path, capsys: Captured) -> None:
    """Contract: over, or of a category that no event had when the encoder was trained."""
    late = text_of(GOOD | {"activity_id": "late", "ends_ms": GOOD["starts_ms"] + 1})
    unknown = text_of(GOOD | {"activity_id": "unknown", "rule": {"any_category": ["CHEEESE"]}})
    path = _file(tmp_path, late + unknown)
    encoder = str(ROOT / "models" / "artefacts" / "demo-1")

    assert main(["check", path, "--encoder", encoder]) == 1

    first, second = capsys.readouterr().err.splitlines()
    assert first == f"{path}:1: late: can be shown to nobody: its window is over (ends_ms)"
    assert second.startswith(f"{path}:14: unknown: can be shown to nobody: its rule asks for categories that no event")


def test_a_file_without_an_activity_cannot_be_said_anything_of(tmp_path: Path, capsys: Captured) -> None:
    """Contract: exit status 3."""
    assert main(["check", _file(tmp_path, "[]\n")]) == 3
    assert "allowed: one activity or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("spring.yaml", b"activity_id: a\n", "allowed: JSON: one activity, an array of them, or one after the other"),
        ("spring.json", b'{"activity_id": "a",\n"title": "K\xe4se"}', "allowed: text in UTF-8; line 2 is none"),
        ("gone.json", None, "No such file"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    name: str, data: bytes | None, told: str, tmp_path: Path, capsys: Captured
) -> None:
    """Contract: exit status 1 and one line."""
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert main(["check", str(tmp_path / name)]) == 1
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("argv", [[], ["put"], ["stop"], ["check", "a", "b"], ["stop", "a", "--status", "active"]])
def test_a_wrong_command_line_ends_in_usage(argv: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2


def test_of_a_thousand_items_people_are_told_a_few_and_how_many_more() -> None:
    """Contract: `show` of one activity fits a screen; --json has all of it."""
    assert _value("items", [f"i{at}" for at in range(1000)]) == ("i0, i1, i2, i3, i4, i5, i6, i7, i8, i9 and 990 more")
    assert _value("items", ["i0", "i1"]) == '["i0", "i1"]'
