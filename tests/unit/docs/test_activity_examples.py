"""Contract: `tideline activity check` takes every example of the marketer's contract, and a local stack's first one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_pages import ROOT, blocks
from tests.support.wrong_activities import GOOD
from tideline.scripts.commands.activity import main
from tideline.udfs.core.catalogue.eligibility.rule_form import FIELDS

if TYPE_CHECKING:
    from pathlib import Path

_PAGE = (ROOT / "docs" / "contracts" / "marketer.md").read_text()
_LINES = [line for block in blocks(_PAGE) if block.language == "json" for line in block.code.splitlines()]
_WHOLE = next(block.code for block in blocks(_PAGE) if block.code.startswith('{"activity_id"'))


_FIRST = next(
    code.partition("<<'END'\n")[2].partition("\nEND")[0]
    for code in (block.code for block in blocks((ROOT / "docs" / "operate.md").read_text()))
    if code.startswith("cat > spring.json")
)


@pytest.mark.parametrize("line", [*_LINES, _WHOLE, _FIRST])
def test_an_example_is_taken(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: a line is keys of an activity; nothing is wrong with it, and it can reach somebody."""
    stated = json.loads(line if line.startswith("{") else f"{{{line}}}")
    path = tmp_path / "example.json"
    whole = {} if line == _FIRST else GOOD  # that page's is written as it stands
    path.write_text(json.dumps({**whole, **stated, "ends_ms": GOOD["ends_ms"]}))

    assert main(["check", str(path)]) == 0, capsys.readouterr().err


def test_every_predicate_and_field_has_an_example() -> None:
    """Contract: the page shows each predicate, any, not, and each key beside the rule."""
    shown = set(re.findall(r'"([\w.]+)":', "\n".join(_LINES)))
    limits = {"hours", "time_zone", "group", "cap", "caps", "after_click_ms", "after_dismiss_ms"}
    over_all = {"budget", "cost", "pacing", "total_cap", "stock", "exposure_floor"}
    assert {"variants", "objective"} <= shown
    assert {*FIELDS, *limits, *over_all, "any", "not", "all", "within_days", "type", "zone"} <= shown
