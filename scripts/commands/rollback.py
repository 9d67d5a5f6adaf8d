"""Puts back the lists that a promoted replay has replaced: `tideline rollback`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import TidelineError
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.promote import names_of
from tideline.scripts.commands.redis_target import opened, read_redis_target
from tideline.scripts.comparison.promoting import returnable, summary, take_back
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_POPULAR = {None: "were not replaced", True: "are the former ones", False: "are newer ones by now and stay"}


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    return [
        f"{found['live']} as it was before {found['replay']} was promoted: "
        f"{found['taken_back']:,} users get their lists back, {found['moved_on']:,} have other ones by now",
        f"popular lists: {_POPULAR[found['popular']]}",
        "done" if found["done"] else "nothing was changed; --yes does it",
    ]


def main(argv: Sequence[str]) -> int:
    """Take a promotion back, or tell what that would do."""
    arguments = parse("rollback", argv)
    names = names_of(arguments)
    try:
        with opened(read_redis_target(arguments).url) as client:
            found = summary(names, arguments.yes, (take_back if arguments.yes else returnable)(client, names))
    except (StackError, TidelineError) as error:
        return failed("rollback", error)
    print(json.dumps(found) if arguments.json else "\n".join(describe(found)))
    return Exit.DONE
