"""Checks, writes, shows and stops activities: `tideline activity`."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from tideline.models.registry import verify, vocabulary
from tideline.schemas.errors import ConfigError, TidelineError, TooFew
from tideline.scripts.commands.activity_document import document
from tideline.scripts.commands.activity_topic import (
    ActivityTopic,
    Judge,
    read_activity_topic,
    write_activities,
)
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.ledger_lines import Standings, ledger_line, standings_in
from tideline.scripts.commands.printable import printable
from tideline.scripts.commands.recent_users import recent_users
from tideline.scripts.commands.target import PUBLISH_MS, read_target
from tideline.scripts.commands.token_secrets import read_token_keys
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.activity_file import read_activities
from tideline.udfs.core.catalogue.eligibility.clause_reach import reach_of
from tideline.udfs.core.catalogue.eligibility.rules import groups_of, named_clauses
from tideline.udfs.core.catalogue.opening import moment
from tideline.udfs.core.variants.variant_sums import earns
from tideline.udfs.io.longer_log import read_policy

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.catalogue.activity_file import ActivityFile

_WIDTH = 16
_FEW = 10
_UNREADABLE = "where it stands cannot be read"


def main(argv: Sequence[str]) -> int:
    """Run one command; 1 with the reason where something is wrong, 3 where a file has no activity."""
    arguments = parse("activity", argv)
    try:
        return _RUN[arguments.command](arguments)
    except (StackError, TidelineError, OSError) as error:
        return failed("activity", error)


def _check(arguments: argparse.Namespace) -> int:
    read = _read(arguments)
    reads_topic = arguments.stack or arguments.bootstrap or arguments.days
    target = read_target(arguments) if reads_topic else None
    topic = read_activity_topic(target.cluster, target.topics.activities) if target else ActivityTopic()
    hidden = _hidden(arguments, read, topic, target)
    reach = _reach(arguments, read, topic, target) if target and arguments.days else {}
    for name, each in reach.items():
        if not each["reached"]:
            hidden.setdefault(name, "nobody who came in the last day meets its rule")
    _tell(arguments, read, hidden, {"reach": reach})
    if not arguments.json:
        print("".join(f"{line}\n" for name, each in reach.items() for line in _reached(name, each)), end="")
        if not (read.wrong or hidden):
            print(f"{arguments.file}: {_count(read.activities)}, nothing wrong")
    return Exit.FAILED if read.wrong or hidden else Exit.DONE


def _reach(
    arguments: argparse.Namespace, read: ActivityFile, topic: ActivityTopic, target: Target
) -> dict[str, dict[str, Any]]:
    """Return for each activity with a rule how many of the users of the last day it reaches, and clause by clause."""
    asked = recent_users(target.cluster, target.topics, arguments.days)
    if not asked.rows.size:
        raise TooFew("--days", arguments.days, "days with events of the last one; nobody came")
    known = {name: each.activity for name, each in topic.known.items()}
    groups = groups_of({**known, **{each.activity_id: each for each in read.activities}}.values())
    found = {}
    for each in read.activities:
        names, clauses = zip(*named_clauses(each), strict=True) if named_clauses(each) else ((), ())
        if clauses:
            reach = reach_of(clauses, groups, asked)
            told = [{"clause": name, **part._asdict()} for name, part in zip(names, reach.clauses, strict=True)]
            found[each.activity_id] = {"users": reach.users, "reached": reach.reached, "clauses": told}
    return found


def _reached(name: str, reach: Mapping[str, Any]) -> list[str]:
    clauses = [
        f"  {each['clause']:18} {each['meet']:,} meet it; it alone keeps out {each['alone']:,}"
        for each in reach["clauses"]
    ]
    return [f"{name}: reaches {reach['reached']:,} of {reach['users']:,} users who came in the last day", *clauses]


def _put(arguments: argparse.Namespace) -> int:
    read = _read(arguments)
    if read.wrong:
        _tell(arguments, read, {}, {"written": []})
        return Exit.FAILED
    target = read_target(arguments)
    topic = read_activity_topic(target.cluster, target.topics.activities)
    hidden = _hidden(arguments, read, topic, target)
    if hidden and not arguments.anyway:
        _tell(arguments, read, hidden, {"written": []})
        print("activity: none was written; --anyway writes them", file=sys.stderr)
        return Exit.FAILED
    new = [each for each in read.activities if _in(topic, each.activity_id) != each]
    write_activities(target, new)
    _tell(arguments, read, hidden, {"written": [each.activity_id for each in new]})
    if not arguments.json:
        for each in read.activities:
            print(f"{each.activity_id}: {_change(_in(topic, each.activity_id), each)}")
    return Exit.DONE


def _show(arguments: argparse.Namespace) -> int:
    target = read_target(arguments)
    topic = read_activity_topic(target.cluster, target.topics.activities)
    names = arguments.ids or sorted(topic.known.keys() | topic.refused.keys())
    _need(topic, names, topic.known.keys() | topic.refused.keys())
    now_ms = int(time.time() * 1000)
    every = [each.activity for each in topic.known.values()]
    hidden = _judge(arguments, target).hidden(every, (), now_ms)
    ledgers = _ledgers(target, [topic.known[name].activity for name in names if name in topic.known])
    told = [document(topic, name, now_ms, hidden.get(name), ledgers) for name in names]
    if arguments.json:
        print(json.dumps(told))
    elif arguments.ids:
        print("\n\n".join("\n".join(_detailed(each)) for each in told))
    else:
        print("\n".join(_line(each) for each in told) or f"{target.topics.activities} holds no activity")
    return Exit.DONE


def _stop(arguments: argparse.Namespace) -> int:
    target = read_target(arguments)
    topic = read_activity_topic(target.cluster, target.topics.activities)
    names = list(dict.fromkeys(arguments.ids))
    _need(topic, names, topic.known.keys())
    known = [topic.known[name].activity for name in names]
    new = [replace(each, status=arguments.status) for each in known if each.status != arguments.status]
    write_activities(target, new)
    if arguments.json:
        print(json.dumps({"stopped": [each.activity_id for each in new]}))
        return Exit.DONE
    for each in known:
        print(f"{each.activity_id}: " + (arguments.status if each.status != arguments.status else "was so already"))
    return Exit.DONE


_RUN = {"check": _check, "put": _put, "show": _show, "stop": _stop}


def _read(arguments: argparse.Namespace) -> ActivityFile:
    """Return what the file holds.

    Raises:
        ConfigError: it cannot be read, or is of another form.
        TooFew: it holds nothing.
    """
    name = str(arguments.file)
    if arguments.file.suffix in (".yaml", ".yml", ".csv", ".avro", ".toml"):
        raise ConfigError("FILE", name, "JSON: one activity, an array of them, or one after the other")
    try:
        data = sys.stdin.buffer.read() if name == "-" else arguments.file.read_bytes()
        read = read_activities(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("FILE", name, f"text in UTF-8; line {line} is none") from error
    if not (read.placed or read.wrong):
        raise TooFew("FILE", name, "one activity or more")
    return read


def _judge(arguments: argparse.Namespace, target: Target | None) -> Judge:
    keys = read_token_keys(target) if target else None
    if arguments.encoder is None:
        return Judge(keys)
    return Judge(keys, vocabulary(arguments.encoder, verify(arguments.encoder)))


def _hidden(
    arguments: argparse.Namespace, read: ActivityFile, topic: ActivityTopic, target: Target | None
) -> dict[str, str]:
    beside = [each.activity for name, each in topic.known.items() if name not in read.placed]
    return _judge(arguments, target).hidden(read.activities, beside, int(time.time() * 1000))


def _tell(
    arguments: argparse.Namespace, read: ActivityFile, hidden: Mapping[str, str], more: Mapping[str, Any]
) -> None:
    """Print everything that is wrong: as one line of JSON, or one line of text for each thing."""
    if arguments.json:
        usable = list(read.placed)
        wrong = [each._asdict() for each in read.wrong]
        print(json.dumps({"file": str(arguments.file), "activities": usable, "wrong": wrong, "hidden": hidden, **more}))
        return
    for each in read.wrong:
        print(printable(f"{arguments.file}:{each.line}: {each}"), file=sys.stderr)
    for name, why in hidden.items():
        print(f"{arguments.file}:{read.placed[name].line}: {name}: can be shown to nobody: {why}", file=sys.stderr)


def _in(topic: ActivityTopic, name: str) -> Activity | None:
    known = topic.known.get(name)
    return known.activity if known and name not in topic.refused else None


def _change(former: Activity | None, new: Activity) -> str:
    if former is None:
        return "written"
    changed = [each.name for each in fields(new) if getattr(new, each.name) != getattr(former, each.name)]
    return f"written, another {', '.join(changed)}" if changed else "is there already"


def _need(topic: ActivityTopic, names: Iterable[str], there: Iterable[str]) -> None:
    missing = [name for name in names if name not in set(there)]
    if missing:
        raise ConfigError("ID", ", ".join(missing), f"ids of the topic, which holds {_count(topic.known)}")


def _ledgers(target: Target, activities: Iterable[Activity]) -> Standings:
    """Return where activities stand; the policy topic is read only where one has limits, a floor or earning shares."""
    if not any(each.is_limited or each.exposure_floor > 0.0 or earns(each) for each in activities):
        return standings_in(())
    return standings_in(read_policy(target.cluster, target.topics.policy, PUBLISH_MS).records)


def _line(told: Mapping[str, Any]) -> str:
    what = told["activity"]
    about = f"{what['kind']}: {what['title']}" if what else ""
    state = "open" if told["open"] else "; ".join(told["why"])
    late = f" (a later record was refused: {told['refused']})" if told["refused"] else ""
    late += f" ({_UNREADABLE}: {told['ledger_refused']})" if told["ledger_refused"] else ""
    return printable(f"{told['activity_id']:{_WIDTH}}  {state}{late}  {about}".rstrip())


def _detailed(told: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{told['activity_id']}: " + ("open now" if told["open"] else "cannot be shown: " + "; ".join(told["why"]))
    ]
    if told["refused"]:
        lines.append(f"a later record was refused, this one stays: {told['refused']}")
    if told["written_ms"]:
        lines.append(f"{'written':{_WIDTH}}{moment(told['written_ms'])}")
    if told["activity"] and told["ledger"]:
        lines.append(f"{'ledger':{_WIDTH}}{ledger_line(told['ledger'], told['activity'])}")
    if told["ledger_refused"]:
        lines.append(f"{_UNREADABLE}: {told['ledger_refused']}")
    for name, value in (told["activity"] or {}).items():
        if name != "activity_id" and value not in (None, (), {}):
            lines.append(f"{name:{_WIDTH}}{_value(name, value)}")
    return [printable(line) for line in lines]


def _value(name: str, value: Any) -> str:
    if name in ("starts_ms", "ends_ms"):
        return f"{moment(value)} ({value})"
    if isinstance(value, list | tuple) and len(value) > _FEW:  # a coupon may be for a thousand items
        return f"{', '.join(map(str, value[:_FEW]))} and {len(value) - _FEW:,} more"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _count(activities: Collection[Any]) -> str:
    return f"{len(activities):,} {'activity' if len(activities) == 1 else 'activities'}"
