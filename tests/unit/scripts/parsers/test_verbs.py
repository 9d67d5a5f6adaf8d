"""One table of verbs: each is there, says with examples what it takes, and is described without heavy packages."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_pages import ROOT
from tideline.scripts.benchmarks.offline import regret
from tideline.scripts.benchmarks.worlds.built_in_worlds import WORLDS
from tideline.scripts.parsers import bench_parser, control_parser, submit_parser
from tideline.scripts.parsers.verbs import BY_NAME, DOORS, VERBS, Verb, parser_of
from tideline.udfs.core.control.control import KINDS
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.options import options_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.parsers.verb_parser import VerbParser

HEAVY = ("numpy", "kafka", "redis", "pyarrow", "pandas", "fastavro", "orjson", "pyflink", "torch", "matplotlib")


def parsers() -> Iterator[VerbParser]:
    """Return the parser of every verb and sub-verb."""
    for verb in VERBS:
        parser = parser_of(verb.name)
        yield parser
        yield from parser.sub_verbs().values()


_PARSERS = [pytest.param(parser, id=parser.prog) for parser in parsers()]
_EXAMPLES = [pytest.param(parser, line, id=line) for parser in parsers() for line in parser.examples]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_is_done_by_a_module_that_is_there(verb: Verb) -> None:
    assert find_spec(verb.works_in)
    assert verb.meaning


def test_a_door_calls_the_verb_of_its_name() -> None:
    """Contract: what scripts/NAME does is what `tideline NAME` does, and there is no door without a verb."""
    for name in DOORS:
        assert name in BY_NAME
        assert (ROOT / "scripts" / name).read_text().rstrip().endswith(f'tideline" {name} "$@"') or name == "test"
    doors = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and os.access(path, os.X_OK)}
    assert doors == {*DOORS, "tideline", "check", "setup", "image-root"}


@pytest.mark.parametrize("parser", _PARSERS)
def test_every_verb_and_sub_verb_has_an_example_and_says_what_each_option_is_for(parser: VerbParser) -> None:
    assert parser.examples
    for action in parser._actions:
        assert action.help or parser.sub_verbs(), f"{parser.prog}: {action.option_strings or action.dest}"
    assert set(parser.examples) <= {line.strip() for line in parser.format_help().splitlines()}


@pytest.mark.parametrize(("parser", "line"), _EXAMPLES)
def test_an_example_is_a_command_line_that_the_verb_takes(parser: VerbParser, line: str) -> None:
    """Contract: parsed by the very parser; what is left over are options of the job, where the verb takes them."""
    words = shlex.split(line, comments=True)
    assert " ".join(words).startswith(parser.prog)

    _, rest = parser_of(words[1]).parse_known_args(words[2:])

    flags = {word for word in rest if word.startswith("--")}
    assert flags <= {option.flag for option in options_of(ReplayConfig).values()}
    assert not rest or BY_NAME[words[1]].job_options


@pytest.mark.parametrize("parser", _PARSERS)
def test_what_json_prints_is_told(parser: VerbParser) -> None:
    """Contract: a verb that prints facts says the keys of its JSON."""
    flags = {flag for action in parser._actions for flag in action.option_strings}
    assert ("--json" in flags or parser.always_json) == bool(parser.keys)


def test_help_needs_nothing_heavy() -> None:
    """Contract: every parser is made, and the overview printed, where no client, numpy or Flink can be imported."""
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({HEAVY!r}, None))\n"
        "from tideline.scripts.commands.tideline import main\n"
        "from tideline.scripts.parsers.verbs import VERBS, parser_of\n"
        "assert main(['--help']) == 0\n"
        "print(*[parser_of(verb.name).format_help() for verb in VERBS])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_what_a_parser_repeats_is_what_the_code_has() -> None:
    """Contract: names that parsers list, so as not to import their owners, are the owners'."""
    assert set(control_parser.COMMANDS) == set(KINDS)
    assert tuple(regret.PARTS) == bench_parser.PARTS
    assert tuple(WORLDS) == bench_parser.WORLDS
    assert set(submit_parser.KINDS) == {"live", "replay"}
    days = options_of(JobConfig)["attribution_days"]
    given = parser_of("export").parse_args(["--stack", "x", "--out", "y"])
    assert given.attribution_days == days.default
    with pytest.raises(SystemExit):
        parser_of("export").parse_args(["--stack", "x", "--out", "y", "--attribution-days", "91"])
    assert "90" in days.kind.allowed
