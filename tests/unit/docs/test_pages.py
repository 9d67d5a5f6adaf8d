"""Contract: README and docs lead where they say, fit a reader's window, and repeat what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.doc_pages import DECISIONS, PAGES, ROOT, anchors, broken_links
from tideline.schemas.errors import Reason
from tideline.scripts.commands.tideline import main as tideline
from tideline.udfs.core.policies.by_name import POLICIES

_README_BYTES = 8192
_WIDTH = 120
_OF_PAGE = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]


def test_the_readme_is_short_enough_for_a_stranger() -> None:
    """Contract: at most 8 kB; what is longer has a page of its own in docs."""
    assert len((ROOT / "README.md").read_bytes()) <= _README_BYTES


@pytest.mark.parametrize("page", _OF_PAGE)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    """Contract: relative links and their anchors resolve."""
    assert broken_links(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here\n\n[a](page.md#here) [b](page.md#there) [c](gone.md) [d](#here) [e](https://x.invalid)\n")

    assert broken_links(page) == ["page.md#there", "gone.md"]
    assert anchors("# `list_size`\n\n## A: b, c\n") == {"list_size", "a-b-c"}


@pytest.mark.parametrize("page", [each for each in _OF_PAGE if DECISIONS not in each.values[0].parents])  # type: ignore[union-attr]
def test_lines_fit_a_window(page: Path) -> None:
    """Contract: at most 120 characters, but for rows of tables, which cannot be broken."""
    long = [line for line in page.read_text().splitlines() if len(line) > _WIDTH and not line.startswith("|")]

    assert long == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Contract: the map has them all, directly or over a page of the map."""
    seen: set[Path] = set()
    to_read = {ROOT / "README.md"}
    while to_read:
        page = to_read.pop()
        seen.add(page)
        links = re.findall(r"\]\(([^)\s#]+)", page.read_text())
        targets = {(page.parent / link).resolve() for link in links if not link.startswith("http")}
        targets |= {inside for target in targets if target.is_dir() for inside in target.glob("*.md")}
        to_read |= {target for target in targets if target.suffix == ".md" and target.is_file()} - seen

    assert set(PAGES) - seen == set()


def test_the_configuration_page_is_what_the_options_say(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: docs/configuration.md is printed from the declarations, so it cannot lag behind them."""
    assert tideline(["config", "--markdown"]) == 0

    assert (ROOT / "docs" / "configuration.md").read_text() == capsys.readouterr().out


def test_the_page_of_commands_is_what_the_verbs_say(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: docs/commands.md is printed from the table of verbs, the exit statuses and the keys of JSON."""
    assert tideline(["--markdown"]) == 0

    assert (ROOT / "docs" / "commands.md").read_text() == capsys.readouterr().out


def test_the_page_of_upgrades_is_what_the_layouts_say(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: docs/upgrades.md is printed from the versions that the code reads and writes."""
    assert tideline(["doctor", "--states"]) == 0

    assert (ROOT / "docs" / "upgrades.md").read_text() == capsys.readouterr().out


def test_the_producer_s_contract_has_every_reason_in_the_code_s_words() -> None:
    """Contract: the tables of refusals are those of `Reason`, with the mark of what the dead-letter limit counts."""
    rows = re.findall(r"^\| `(\w+)`( \*)? \| (.+) \|$", (ROOT / "docs/contracts/producer.md").read_text(), re.MULTILINE)

    told = [(label, bool(mark), meaning) for label, mark, meaning in rows if meaning.endswith(".")]
    dead = [reason for reason in Reason if not reason.counted_only]
    counted = [reason for reason in Reason if reason.counted_only]
    assert told == [(str(each), each.producer_fault, each.meaning) for each in [*dead, *counted]]


def test_every_policy_is_in_the_guide() -> None:
    """Contract: the table of policies lacks none, and has none that is not there."""
    guide = (ROOT / "docs" / "guide" / "policies.md").read_text()
    first_cells = re.findall(r"^\| (`[^|]+) \|", guide, re.MULTILINE)

    assert {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)} == set(POLICIES)
