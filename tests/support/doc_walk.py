"""How a check runs each command of README and docs: which it cannot, and what the others need to run as printed.

Patterns stand for whole commands, words joined by blanks, as the page has them.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tests.support.doc_commands import Documented, documented

if TYPE_CHECKING:
    from collections.abc import Mapping

_Entry = TypeVar("_Entry")
ON_FILES = {
    ("activity", "check"),
    ("completion", "bash"),
    ("config",),
    ("experiment", "status"),
    ("ope",),
    ("pareto",),
    ("report",),
    ("variants", "plan"),
    ("variants", "status"),
}
"""Verbs that ask neither Kafka nor Flink nor Redis: `tests/unit/docs/test_whole_commands.py` runs them."""
NOT_HERE = {
    r"scripts/test( .*)?": "runs the tests, this one among them",
    r"\.venv/bin/python -m pytest .*": "is the unit layer",
    r"scripts/check|\.ci/run": "is what every change must pass before it gets here",
    r"scripts/setup --(train|browser|peers)": "installs packages from elsewhere; layers and benchmarks need them",
    r"\.ci/sbom DIR": "is run by the layer contract, which reads what it writes",
    r"scripts/demo": "is `scripts/demo --keep`, which runs, and the end of it",
    r"scripts/tideline VERB": "says how every verb is called",
    r"scripts/tideline model (train|export) .*|models/train\.py .*": "needs torch: the layer train trains and exports",
    r"scripts/tideline explain .*": "its user must have been shown a list: the layer integration explains one",
    r"\.venv/bin/python -m tideline\.models\.prepare\.msnbc .*": "its data is fetched by hand from its owners",
    r"scripts/tideline push judge .*": "needs weeks of messages: the layer contract judges such a log",
    r"scripts/bench rank( --json)?": "measures beside libraries that scripts/setup --peers installs",
    r"scripts/bench peers.*": "measures beside libraries that scripts/setup --peers installs",
    r"scripts/bench (regret|rules --only) ?.*": "plays for minutes whatever it is given; the unit layer plays less",
}
"""Why no check runs these."""
MENTIONED = {
    "scripts/bench",
    "scripts/control",
    "scripts/push_sender",
    "scripts/replay",
    "scripts/stack",
    "scripts/submit",
    "scripts/submit --fresh",
    "scripts/tideline list",
    "scripts/tideline stack",
}
"""What a sentence names without saying what it is given: it asks for that, with exit status 2."""
MORE = {
    r"scripts/bench throughput": "--events 20000 --idiomatic-events 4000",
    r"scripts/bench backfill": "--events 40000",
    r"scripts/bench freshness": "--capacity 400 --seconds 2",
    r"scripts/bench capacity( --json)?": "--events 140000 --rounds 1",
    r"scripts/bench start": "--rows 1000",
    r"scripts/bench memory": "--users 200",
    r"scripts/bench openings": "--users 2000 --rate 200 --stops 5",
    r"scripts/bench soak.*": "--minutes 1 --rate 200",
    r"scripts/bench mutate .*": "--files 20",
    r"scripts/bench stories.*": "--stories 5",
    r"scripts/bench year.*": "--days 2",
    r"scripts/bench encoder.*": "--seconds 0.01",
    r"scripts/bench rules( --json)?": "--only floors",
    r"scripts/bench push( --json)?": "--only room",
    r"scripts/bench value( --json)?": "--only few --past 1 --seeds 1 --without-peers",
    r"scripts/bench value --(only|world) .*": "--past 1 --seeds 1 --without-peers",
    r"scripts/bench zeroshot .*": "--past 1 --only few",
    r"scripts/tideline model publish .*": "--most-us 1e6 --slowdown 1e6",
}
"""Options behind those that are printed: the smallest that a benchmark takes, and no gate that asks how busy it is."""
BEFORE = {
    r"scripts/bench value --world shop .*": "scripts/bench world few shop",
    r"scripts/tideline variants stop .*": "scripts/tideline activity put forms.json",
    r"scripts/tideline model publish NAME .*": (
        "scripts/tideline model publish demo-1 --data TEST.csv --train TRAIN.csv --registry-only --most-us 1e6"
    ),
}
"""What a reader has done before."""
STANDS_FOR = {
    "HOST:PORT": "{kafka}",
    "KAFKA:909[23]": "{kafka}",
    "REDIS:6379": "{redis}",
    "JOBMANAGER:8081": "{flink}",
    "/etc/tideline/kafka.properties": "kafka.properties",
    "FOLDER": "models/artefacts/demo-2",
    "FORMER": "models/artefacts/demo-1",
    "DIR": "models/artefacts/demo-2",
    "M": "models/artefacts/demo-2",
    "D": "data",
    "NAME": "demo-2",
    "N": "4",
    "OFFSET": "{offset}",
    "PUSH_ID": "{push}",
    "SAVEPOINT": "{savepoint}",
    "2026-11-16T00:00Z": "{before}",
    "2026-11-17T00:00Z": "{now}",
    "ENCODER": "$TIDELINE/encoders/demo-1",
    "FILE": "spring.json",
    "USER": "u-00001",
}
"""What a reader puts in the place of a word; what is in braces he has seen before."""


class Scene(Enum):
    """What must be there before a command."""

    AS_IT_IS = "whatever the command before it left"
    NOTHING = "no local stack"
    CLUSTER = "Kafka, Redis and Flink, with nothing in them"
    PAST = "topics, activities and a past in them"
    BACKFILL = "a backfill of that past, submitted by hand"
    LIVE = "a live job that has ranked somebody"
    LOST = "a live job that is gone, and its checkpoint"


SCENES = {
    r"scripts/stack up --taskmanagers 2": Scene.NOTHING,
    r"scripts/topics --bootstrap KAFKA:9092": Scene.CLUSTER,
    r"scripts/tideline backfill --then-live": Scene.PAST,
    r"scripts/tideline backfill --flink .*": Scene.BACKFILL,
    r".* -s \$newest .*|scripts/submit live --latest|scripts/tideline backfill --then-live --fresh": Scene.LOST,
    r"scripts/tideline model (publish|rollback).*": Scene.LIVE,
    r"scripts/tideline (activity|console|doctor|erase|experiment|export|list|person|send|variants)( .*)?": Scene.LIVE,
    r"scripts/(tideline push|push_sender) .*": Scene.LIVE,
    r"scripts/(control|replay) .*": Scene.LIVE,
    r"scripts/topics.* (--partitions|--config) .*": Scene.LIVE,
}


ALONE = (
    r"scripts/(bench|setup|package|stack)( .*)?",
    r"scripts/tideline stack( up)?",
    r"scripts/tideline model (evaluate|list) .*",
    r"scripts/(tideline )?topics --(asyncapi|strimzi)( .*)?",
    r"(\.venv/bin/python -m|models/evaluate\.py) .*",
)
"""What needs nothing before it."""


class Ending(NamedTuple):
    """A command that goes on until it is interrupted, once it has said this; and its status then."""

    said: str
    status: int


INTERRUPTED = {
    r"scripts/tideline console .*": Ending("console http", 130),
    r"scripts/stack watch": Ending("watching", 0),
    r"scripts/tideline probe(?!.* --once).*": Ending("metrics at", 130),
    r"scripts/tideline experiment watch .*": Ending("spring|rate", 130),
}


def text_of(command: Documented) -> str:
    """Return a command as the patterns have it."""
    return " ".join(command.words)


def of_pattern(table: Mapping[str, _Entry], command: Documented) -> _Entry | None:
    """Return the entry of a table whose pattern the command is."""
    return next((entry for pattern, entry in table.items() if re.fullmatch(pattern, text_of(command))), None)


def is_on_files(command: Documented) -> bool:
    """Whether it is run as printed without a stack."""
    return command.door == "scripts/tideline" and command.verbs in ON_FILES


def is_demo(command: Documented) -> bool:
    """Whether it is about the demo's stack."""
    return re.search("--(stack|name) demo( |$)|^scripts/demo --keep$", text_of(command)) is not None


def is_alone(command: Documented) -> bool:
    """Whether it may come first."""
    text = text_of(command)
    return text in MENTIONED or any(re.fullmatch(pattern, text) for pattern in ALONE)


def part_of(command: Documented) -> str:
    """Return its name in the walk, which begins with the part that can be walked by itself: a page, or the demo."""
    return f"on-the-demo: {command}" if is_demo(command) else str(command)


def walk() -> list[Documented]:
    """Return every command that can run here in the order of the pages, those about the demo first.

    What stands in a sentence is left out where it has its turn already.
    """
    here = [each for each in documented() if of_pattern(NOT_HERE, each) is None and not is_on_files(each)]
    found, seen = [], {text_of(each) for each in here if each.in_block}
    for each in here:
        if each.in_block or text_of(each) not in seen:
            found.append(each)
            seen.add(text_of(each))
    return sorted(found, key=lambda each: 2 if not is_demo(each) else "down" in each.words)


def scene_of(command: Documented) -> Scene:
    """Return what it needs."""
    return Scene.AS_IT_IS if is_demo(command) else of_pattern(SCENES, command) or Scene.AS_IT_IS


def as_typed(command: Documented, seen: Mapping[str, str]) -> str:
    """Return the line that a reader types who has seen that."""
    line = f"{command.line} {of_pattern(MORE, command) or ''}".rstrip()
    for word, value in STANDS_FOR.items():
        meant = seen.get(value.strip("{}"), "") if value.startswith("{") else value
        line = re.sub(rf"(?<![\w$.-]){word}(?![\w.-])", meant, line)
    return line
