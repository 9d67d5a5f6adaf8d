"""The parser of a verb: its text, the examples that a test parses, and the keys of what `--json` prints."""

from __future__ import annotations

import argparse
import ast
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.schemas.topics import Topics
from tideline.udfs.settings.options import argument, brokers, text, topic_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    SubVerbs = argparse._SubParsersAction["VerbParser"]  # noqa: SLF001 - argparse has no other name for it

_WIDTH = 22
NAME = text(r"[A-Za-z0-9._-]{1,64}", "1 to 64 letters, digits, dots, hyphens and underscores")
"""What a job, its prefix in Redis, its group or a replay may be called."""
_SUFFIX = text(r"[A-Za-z0-9._-]{0,100}", "up to 100 letters, digits, dots, hyphens and underscores")


class VerbParser(argparse.ArgumentParser):
    """A parser that knows its examples.

    Attributes:
        examples: Command lines, each with what it does behind a #; the program's name is `tideline`.
        keys: Of the object that `--json` prints, with their meaning.
        is_list: Whether it prints a list of such objects.
        always_json: Whether it prints nothing else, without being asked.
    """

    def __init__(self, **given: Any) -> None:
        given.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        given.setdefault("allow_abbrev", False)
        super().__init__(**given)
        self.examples: tuple[str, ...] = ()
        self.keys: dict[str, str] = {}
        self.is_list = False
        self.always_json = False

    def tells(
        self, text: str | None, examples: Sequence[str], keys: Mapping[str, str] | None = None, more: str = ""
    ) -> None:
        """Set what `--help` says: `text` above the options; below them the examples, the keys and `more`."""
        self.description = text
        self.examples = tuple(examples)
        self.keys = dict(keys or {})
        parts = ["\n".join(["examples:", *(f"  {line}" for line in examples)])]
        if self.keys:
            parts.append(
                "\n".join(
                    [
                        f"{'prints' if self.always_json else 'with --json'}{', of each' if self.is_list else ''}:",
                        *(f"  {key:{_WIDTH}}{means}" for key, means in self.keys.items()),
                    ]
                )
            )
        self.epilog = "\n\n".join([*parts, *([more] if more else [])])

    def verbs(self, **given: Any) -> SubVerbs:
        """Return where sub-verbs are added; one of them must be given."""
        return self.add_subparsers(required=True, dest="command", metavar=given.pop("metavar", "COMMAND"), **given)

    def options(self) -> list[argparse.Action]:
        """Return everything that it takes."""
        return list(self._actions)

    def sub_verbs(self) -> dict[str, VerbParser]:
        """Return the parsers of the sub-verbs by name."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - argparse tells them no other way
                return dict(action.choices)
        return {}


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`, which every verb that prints facts has."""
    parser.add_argument("--json", action="store_true", help="print one line of JSON, in the keys below")


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which Kafka is meant, the same for every verb; `commands.target` reads them."""
    group = parser.add_argument_group("which Kafka")
    where = group.add_mutually_exclusive_group()
    where.add_argument("--stack", metavar="NAME", help="a local stack (default)")
    where.add_argument("--bootstrap", type=argument(brokers()), metavar="HOST:PORT", help="brokers, several by commas")
    group.add_argument(
        "--config",
        type=Path,
        metavar="FILE.properties",
        help="login and TLS as Kafka's Java tools take them (what TIDELINE_KAFKA_PROPERTIES_FILE names)",
    )
    group.add_argument(
        "--topics",
        type=argument(topic_names()),
        default=Topics(),
        metavar="JSON",
        help='other names: {"control": "commands"}',
    )
    group.add_argument(
        "--suffix", type=argument(_SUFFIX), default="", metavar="TEXT", help="put after each topic's name"
    )


def add_redis(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which Redis is meant, beside `--stack`; `commands.redis_target` reads them."""
    group = parser.add_argument_group("which Redis, in place of a local stack's (or TIDELINE_REDIS_URL)")
    group.add_argument("--redis-url", metavar="URL", help="redis://, rediss:// (TLS) or unix://, without a password")
    group.add_argument("--redis-url-file", type=Path, metavar="FILE", help="file with the URL, user and password too")


def add_replay(parser: argparse.ArgumentParser) -> None:
    """Add what every verb has that changes what is there of a replay: which one, and that it is meant."""
    parser.add_argument("replay", metavar="NAME", type=argument(NAME), help="name of the replay")
    parser.add_argument("--yes", action="store_true", help="do it; without, only tell what would be done")
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")


def docstring_of(module: str) -> str:
    """Return the docstring of a module without importing it: what a file's columns mean is told where it is read."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return ast.get_docstring(ast.parse(Path(spec.origin).read_text())) or ""
