"""Events a second under a marketer's rules, beside the same job without any, on the same records in turn."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from tideline.scripts.benchmarks.live.arena import Arena, arena
from tideline.scripts.benchmarks.live.rates import steady_rate
from tideline.scripts.benchmarks.live.throughput import prepare, worked_off
from tideline.scripts.benchmarks.live.traffic import activities
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.catalogue.competing import Variant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tideline.schemas.topics import Topics
    from tideline.udfs.core.catalogue.activity import Activity

_BUDGETS, _VARIED = 20, 10
_BUDGET, _COST = 1_000.0, 1.0
_LIST_RULES = (
    '[{"by":"label.shelf","penalty":[0,0,0,"ban"]},{"by":"label.shelf","window":2,"penalty":[0,50]},'
    '{"by":"label.brand","penalty":[0,0,0,0,"ban"]}]'
)
_PLACEMENTS = (
    '[{"name":"cart","number":1,"size":4},{"name":"category","number":2,"size":8,"apart_from":["cart"]},'
    '{"name":"mail","number":3,"size":6}]'
)
_BRANDS, _SHELVES = 12, 40


class Rules(NamedTuple):
    """Which rules hold in a run."""

    budgets: bool = False
    variants: bool = False
    options: Mapping[str, str] = MappingProxyType({})


WITHOUT = Rules()
PARTS = {
    "budgets": Rules(budgets=True),
    "variants": Rules(variants=True),
    "list_rules": Rules(options={"list_rules": _LIST_RULES}),
    "placements": Rules(options={"placements": _PLACEMENTS}),
}
ALL = Rules(True, True, {"list_rules": _LIST_RULES, "placements": _PLACEMENTS})


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    with_rules_events_per_s: int
    without_events_per_s: int
    ratio: float
    ratio_by_part: dict[str, float]
    us_by_thread: dict[str, dict[str, float]]
    by_round: dict[str, list[int]]
    events: int


def measure(events: int, rounds: int) -> Figures:
    """Work off `events` of uniform users with one TaskManager: in each round once without and once with all rules.

    After the rounds once with each kind of rules alone.
    """
    with arena("ruled", 1) as stage:
        topics = prepare(stage, "uniform", 0.0, events)
        rates: dict[str, list[int]] = {"without": [], "with": []}
        threads: dict[str, dict[str, float]] = {}
        for number in range(rounds):
            for way, rules in {"without": WITHOUT, "with": ALL}.items():
                rate, threads[way] = _worked_off(stage, topics, events, f"{way}-{number}", rules)
                rates[way].append(rate)
        alone = {name: _worked_off(stage, topics, events, name, rules)[0] for name, rules in PARTS.items()}
    without, ruled = median(rates["without"]), median(rates["with"])
    return {
        "with_rules_events_per_s": round(ruled),
        "without_events_per_s": round(without),
        "ratio": round(ruled / without, 3),
        "ratio_by_part": {name: round(rate / without, 3) for name, rate in alone.items()},
        "us_by_thread": threads,
        "by_round": rates,
        "events": events,
    }


def under_rules(offered: tuple[Activity, ...], rules: Rules) -> Iterator[Activity]:
    """Yield the activities with what the rules ask of them: all get a brand and a shelf, some a budget or variants.

    >>> [len([each for each in under_rules(activities(0), ALL) if each.budget]), len(PARTS)]
    [20, 4]
    """
    open_to_all = [each.activity_id for each in offered if each.cap is None and each.rule is None]
    budgets = set(open_to_all[:_BUDGETS]) if rules.budgets else set()
    varied = set(open_to_all[_BUDGETS : _BUDGETS + _VARIED]) if rules.variants else set()
    for number, each in enumerate(offered):
        labels = {"brand": f"brand-{number % _BRANDS}", "shelf": f"shelf-{number % _SHELVES}"}
        labelled = replace(each, labels=labels)
        if each.activity_id in budgets:
            labelled = replace(labelled, budget=_BUDGET, cost=_COST)
        if each.activity_id in varied:
            labelled = replace(labelled, variants=(Variant("plain"), Variant("photo"), Variant("text")))
        yield labelled


def _worked_off(stage: Arena, topics: Topics, events: int, name: str, rules: Rules) -> tuple[int, dict[str, float]]:
    at_ms = int(time.time() * 1000)
    own = replace(stage.topics(f"{topics.clickstream}-{name}", at_ms), clickstream=topics.clickstream)
    stage.offer(own, under_rules(activities(at_ms), rules))
    run = worked_off(stage, own, events, rules.options)
    rate = round(steady_rate(run.samples, events))
    say(f"{name}: {rate:,} events/s")
    return rate, run.us_by_thread
