"""Contract: what came out of a run is the same in JSON and in words, and what is not known is null, not NaN."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from tests.unit.scripts.simulation.conftest import START_MS, MemoryLists
from tests.unit.scripts.simulation.test_play import Job
from tideline.scripts.audit.decision_audit import Audit
from tideline.scripts.parsers.verbs import parser_of
from tideline.scripts.simulation.demo_report import document, summary
from tideline.scripts.simulation.frontend import Shown
from tideline.scripts.simulation.play import Play
from tideline.scripts.simulation.ticker import JobState
from tideline.scripts.simulation.visits import Visit
from tideline.scripts.simulation.yardstick import TITLES, Yardstick

if TYPE_CHECKING:
    from tideline.scripts.commands.backfill import Backfilled
    from tideline.scripts.simulation.world import World

STATE = JobState(records=1_500, lists=1_234, dead_letters=2, policies=9)
AUDITED = Audit(900, 2_000, {"cap_broken": 3}, ["cap_broken: u1"])
PAST: Backfilled = {"job": "", "records": 30_000, "seconds": 2.0, "savepoint": "", "live": None, "next": None}
OTHERS = [
    Yardstick(name, np.array([10, 10]), np.array([clicks, 9.0]))
    for name, clicks in (("popular_best", 3.0), ("content", 3.5), ("attainable", 6.0))
]


def played(world: World, visits: int) -> Play:
    """Return a run in which each household came so often: the policy is clicked twice in five, chance once in five."""
    lists = MemoryLists()
    job = Job(lists)
    play = Play(world, job, lists, 1, job.is_learned)
    play.events, play.seconds = 1_500, 20.0
    entries = tuple((at, at) for at in range(5))
    for number in range(visits):
        for household, holdout in enumerate([False, False, False, True]):
            clicked = (0,) if holdout else (0, 1)
            visit = Visit(number, household, START_MS)
            play.shown.append(Shown(visit, START_MS, holdout, not holdout, entries, clicked, []))
    play.tally.add(0, play.shown)
    return play


def test_what_is_not_known_is_null_and_the_lift_is_not_told(world: World) -> None:
    """Contract: a run without visits still gives a document that any JSON reader takes."""
    play = played(world, 0)
    nobody = [Yardstick(name, np.zeros(2, np.int64), np.zeros(2)) for name in TITLES]
    found = document(play, STATE, 0, PAST, nobody, AUDITED)
    json.dumps(found, allow_nan=False)
    assert found.keys() | {"rules", "variants", "pushes"} == parser_of("demo").keys.keys()
    assert found["freshness_ms"] == {"p50": None, "p99": None}
    interval = found["ctr"].pop("lift_ci95")
    assert interval == [None, None]
    assert found["ctr"] == dict.fromkeys(("policy", "holdout", "lift", *TITLES, "share_of_attainable"))
    assert not [line for line in summary(play, found, PAST) if line.startswith(("lift", "of what"))]


def test_the_figures_are_those_of_the_run_and_of_the_job(world: World) -> None:
    """Contract: events a second are of the run's own time, lists and dead letters are the job's."""
    play = played(world, 3)
    play.watch.freshness_ms += [float(each) for each in range(1, 102)]
    found = document(play, STATE, 7, PAST, OTHERS, AUDITED)
    assert (found["events"], found["events_per_s"]) == (1_500, 75.0)
    assert (found["lists"], found["users"], found["dead_letters"]) == (1_234, 7, 2)
    assert found["freshness_ms"] == {"p50": 51.0, "p99": 100.0}
    assert (found["ctr"]["policy"], found["ctr"]["holdout"], found["ctr"]["lift"]) == (0.4, 0.2, 1.0)
    assert found["audit"] == {"lists": 900, "entries": 2_000, "broken": {"cap_broken": 3}}
    assert found["past"] == {"events": 30_000, "seconds": 2.0, "events_per_s": 15_000}


def test_others_are_compared_over_what_was_played(world: World) -> None:
    """Contract: what they would get later counts for nothing; the share is of what lies between chance and truth."""
    play = played(world, 3)
    play.slices_played = 1
    ctr = document(play, STATE, 7, PAST, OTHERS, AUDITED)["ctr"]
    assert {name: ctr[name] for name in TITLES} == {"popular_best": 0.3, "content": 0.35, "attainable": 0.6}
    assert ctr["share_of_attainable"] == 0.5


def test_the_words_say_what_the_document_says(world: World) -> None:
    """Contract: no figure of the text is other than in the document."""
    play = played(world, 3)
    play.watch.freshness_ms += [float(each) for each in range(1, 102)]
    play.slices_played = 2
    found = document(play, STATE, 7, PAST, OTHERS, AUDITED)
    found["ctr"] |= {"lift": 0.123, "lift_ci95": [-0.05, 0.31]}
    assert summary(play, found, PAST) == [
        "the past: 30,000 events into user state in 2 s, 15,000 a second",
        "1,500 events in 20 s, 75.0 a second; 1,234 lists written, 7 users have one; 2 dead letters",
        "audit of all 2,000 decisions, of 900 lists: 3 promises broken",
        "from event to readable list: median 51.0 ms, 99 of 100 within 100.0 ms",
        "12 visits, 60 impressions; clicks: ranked 40.00% +- 0.00%, random order 20.00% +- -",
        "lift over random order: +12% (95 % interval -5% to +31%)",
        "of the same visitors: one list for all, the best in hindsight 60.00%, content only, nothing learned 62.50%, "
        "attainable, knowing the truth 75.00%",
        "of what is attainable above random order: 36%",
    ]
