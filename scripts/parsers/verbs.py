"""The verbs of `tideline`, declared once: help, completion, the doors and docs/commands.md come from this table."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from tideline.scripts.parsers.verb_parser import VerbParser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_COMMANDS = "tideline.scripts.commands"
_PARSERS = "tideline.scripts.parsers"


class Audience(StrEnum):
    """Who a verb is for."""

    OPERATOR = "operator"
    MARKETER = "marketer"
    ANALYST = "analyst"
    DEVELOPER = "developer"


class Verb(NamedTuple):
    """A verb, the module in `scripts/commands` whose `main(argv)` does it, and what it is for.

    What it takes is in `scripts/parsers/NAME_parser.py`, whose `fill` describes a parser.
    """

    name: str
    module: str
    audience: Audience
    meaning: str
    job_options: bool = False
    """Whether it takes the options of the job too."""

    @property
    def works_in(self) -> str:
        """The module that does it."""
        return f"{_COMMANDS}.{self.module}"


VERBS = (
    Verb("stack", "local_stack", Audience.OPERATOR, "Kafka, Valkey and Flink as processes of this machine"),
    Verb("topics", "topics", Audience.OPERATOR, "make the Kafka topics that are missing"),
    Verb("doctor", "doctor", Audience.OPERATOR, "what is wrong with a machine or a deployment, and what to do"),
    Verb("probe", "probe", Audience.OPERATOR, "whether every shard makes lists, once or for Prometheus"),
    Verb("console", "console", Audience.OPERATOR, "the web console: whether lists are fresh, and a playground"),
    Verb("config", "show_config", Audience.OPERATOR, "every option with its value and source, checked", True),
    Verb("submit", "submit", Audience.OPERATOR, "submit the live job or a replay to a local stack", True),
    Verb("backfill", "backfill", Audience.OPERATOR, "take a shop's past into user state before it goes live", True),
    Verb("push_sender", "push_sender", Audience.OPERATOR, "send what the job decided to push, each id at most once"),
    Verb("control", "control", Audience.OPERATOR, "send a command to the running job"),
    Verb("erase", "erase", Audience.OPERATOR, "forget a user: state, lists, what they taught"),
    Verb("person", "person", Audience.OPERATOR, "what is held of a user, as files for who asks"),
    Verb("archive", "archive", Audience.OPERATOR, "keep what the topics hold as Parquet, each offset once"),
    Verb("package", "package", Audience.OPERATOR, "build what a cluster needs to run the job"),
    Verb("completion", "completion", Audience.OPERATOR, "what completes all of this in bash, zsh or fish"),
    Verb("activity", "activity", Audience.MARKETER, "check, write, show and stop what can be shown"),
    Verb(
        "variants", "variants", Audience.MARKETER, "forms of one activity that compete: users needed, verdict, winner"
    ),
    Verb("push", "push", Audience.MARKETER, "messages: what they brought, what is to come, why, and the stop"),
    Verb("list", "show_list", Audience.MARKETER, "one user's list, or the popular one, as a frontend reads it"),
    Verb("send", "send_event", Audience.DEVELOPER, "one event of a user, and how his list changes"),
    Verb("report", "report", Audience.ANALYST, "what was shown and what came of it, as a page or JSON"),
    Verb("export", "export_log", Audience.ANALYST, "what was shown and what came of it, as Parquet"),
    Verb("ope", "ope", Audience.ANALYST, "what another policy would have earned, from a log of decisions"),
    Verb("pareto", "pareto", Audience.ANALYST, "what clicks and revenue or margin could be had together, from a log"),
    Verb("experiment", "experiment", Audience.ANALYST, "policies side by side on the running job"),
    Verb("model", "model", Audience.ANALYST, "train, evaluate, export, publish, roll back and list encoders"),
    Verb("replay", "replay", Audience.ANALYST, "run the job again over a range of the clickstream", True),
    Verb("diff", "diff", Audience.ANALYST, "what a replay's lists would change for users"),
    Verb("promote", "promote", Audience.ANALYST, "let a replay's lists take the place of the live ones"),
    Verb("rollback", "rollback", Audience.ANALYST, "put back the lists that a promoted replay replaced"),
    Verb("drop", "drop", Audience.ANALYST, "delete what a replay left: lists, topics, group"),
    Verb("explain", "explain_decision", Audience.ANALYST, "why a user was shown what he was, held against the log"),
    Verb("demo", "demo", Audience.DEVELOPER, "real shopping data through the real job, with simulated visitors"),
    Verb("bench", "bench", Audience.DEVELOPER, "measure the job on a stack of its own, and parts of it alone"),
    Verb("test", "run_tests", Audience.DEVELOPER, "the tests, layer by layer"),
)
"""In the order in which help tells them."""

DOORS = ("stack", "topics", "submit", "push_sender", "control", "package", "replay", "demo", "bench", "test")
"""Verbs that have a file in `scripts` of their own."""

OF_CHECKOUT = ("stack", "submit", "backfill", "package", "replay", "demo", "bench", "test")
"""Verbs that need what lies beside the code and is in no wheel: a local stack, tests."""

BY_NAME = {verb.name: verb for verb in VERBS}


def parser_of(name: str) -> VerbParser:
    """Return the parser of a verb."""
    parser = VerbParser(prog=f"tideline {name}")
    fill(BY_NAME[name], parser)
    return parser


def fill(verb: Verb, parser: VerbParser) -> None:
    """Give a parser what a verb takes."""
    import_module(f"{_PARSERS}.{verb.name}_parser").fill(parser)


def parse(name: str, argv: Sequence[str]) -> argparse.Namespace:
    """Return what a command line gives a verb; --help and a wrong line end the process, with 0 and 2."""
    return parser_of(name).parse_args(argv)
