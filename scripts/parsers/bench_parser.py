"""What `tideline bench` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers import stack_bench_parser
from tideline.scripts.parsers.bench_keys import BENCH_KEYS
from tideline.udfs.settings.options import argument, number, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import SubVerbs, VerbParser

PARTS = ("low_ctr", "contextual", "entering", "drift", "delay", "obd")
"""Environments in which regret is measured."""
RULE_PARTS = (
    "knapsack",
    "learning",
    "late_spend",
    "floors",
    "fairness",
    "variants",
    "discount",
    "price_report",
    "propensities",
)
"""Settings in which rules are measured."""
PUSH_PARTS = (
    "uplift",
    "truth_covered",
    "threshold_covered",
    "room",
    "quiet_violations",
    "wheel",
    "sent_twice",
    "unsubscribed_sent",
    "kill_switch_s",
    "candidates",
    "live",
)
"""Settings in which pushes are measured."""
ANALYST_WAYS = ("report", "ope", "read", "train", "evaluate")
"""What reads a large log, or a large clickstream."""
WORLDS = ("demo", "other_dates", "latent", "not_yet", "few", "many", "short_lived", "shift", "price", "fatigue")
"""Worlds in which the value of lists is measured."""
_COUNT = argument(whole(1, 10**9))
_SEED = argument(whole(0, 2**32 - 1))
_NEWEST_ENCODER = Path(__file__).resolve().parents[2] / "models" / "artefacts" / "demo-2"


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Measures the live job on a stack of its own, and parts of it alone. Exit status 1: something failed, or a "
        "promise was broken.",
        ["tideline bench throughput", "tideline bench regret --json --only low_ctr"],
    )
    verbs = parser.verbs(
        metavar="throughput|capacity|peers|beside|cluster|backends|ruled|backfill|replay|freshness|publish|archive|analysts|memory|soak|start|openings|encoder|providers|ope|regret|rank|rules|push|value|zeroshot|world|mutate"
        "|stories|year"
    )
    stack_bench_parser.fill(verbs)
    _of_the_core(verbs)
    _of_what_is_promised(verbs)
    _of_policies(verbs)
    _of_lists(verbs)
    for name, each in verbs.choices.items():
        each.tells(each.description, each.examples, BENCH_KEYS[name])
        each.add_argument("--json", action="store_true", help="end standard output in one line of JSON")


def _of_the_core(verbs: SubVerbs) -> None:
    rows = verbs.add_parser("publish", help="milliseconds to learn about activities and publish their rows")
    rows.tells(None, ["tideline bench publish --known 10000 --changed 200"])
    rows.add_argument("--known", type=_COUNT, default=10_000, metavar="N", help="activities known (10000)")
    rows.add_argument("--changed", type=_COUNT, default=200, metavar="N", help="how many changed, beside all (200)")
    rows.add_argument("--repeats", type=_COUNT, default=5, metavar="N", help="of each (5)")

    kept = verbs.add_parser("archive", help="rows a second of one core that are read of an archive, and as what")
    kept.tells(None, ["tideline bench archive --rows 500000"])
    kept.add_argument("--rows", type=_COUNT, default=500_000, metavar="N", help="in each of two topics (500000)")

    large = verbs.add_parser("analysts", help="memory and rows a second of those who read a large log or clickstream")
    large.tells(None, ["tideline bench analysts --rows 10000000 --only report"])
    large.add_argument("--rows", type=_COUNT, default=10**7, metavar="N", help="in each file (10000000)")
    large.add_argument("--only", choices=ANALYST_WAYS, action="append", help="a way; may be repeated (all)")

    model = verbs.add_parser("encoder", help="microseconds an event of an encoder, by batch size and threads")
    model.tells(None, ["tideline bench encoder --model models/artefacts/demo-2"])
    model.add_argument("--model", type=Path, default=_NEWEST_ENCODER, metavar="DIR", help="model folder")
    model.add_argument("--provider", choices=("auto", "cpu", "cuda"), default="auto", help="(auto)")
    model.add_argument(
        "--seconds", type=argument(number(0.001, 3_600)), default=0.5, metavar="S", help="for each figure (0.5)"
    )

    where = verbs.add_parser("providers", help="the table of CPU and GPU: a step by hidden size, batch size, provider")
    where.tells(
        "Networks of three sizes are written (needs scripts/setup --train) and stepped on each provider that is there; "
        "the table comes on standard error, too.",
        ["tideline bench providers --seconds 0.2"],
    )
    where.add_argument(
        "--seconds", type=argument(number(0.001, 3_600)), default=0.5, metavar="S", help="for each figure (0.5)"
    )


def _of_what_is_promised(verbs: SubVerbs) -> None:
    shop = verbs.add_parser("year", help="a simulated year of a shop, checked every day; exit status 1 on a violation")
    shop.tells(None, ["tideline bench year --json --seed 1"])
    shop.add_argument("--days", type=_COUNT, default=365, metavar="D", help="(365)")
    shop.add_argument("--seed", type=_SEED, default=1, metavar="N", help="(1)")

    told = verbs.add_parser(
        "stories", help="random stories of users, in order and out of order: the same lists and sums, or exit status 1"
    )
    told.tells(None, ["tideline bench stories --stories 1000 --seed 1"])
    told.add_argument("--stories", type=_COUNT, default=1000, metavar="N", help="(1000)")
    told.add_argument("--seed", type=_SEED, default=1, metavar="N", help="(1)")

    broken = verbs.add_parser(
        "mutate", help="mutated files, given to every command that reads tables; exit status 1 on a fault"
    )
    broken.tells(None, ["tideline bench mutate --json --files 10000 --seed 1"])
    broken.add_argument("--files", type=_COUNT, default=10_000, metavar="N", help="how many (10000)")
    broken.add_argument("--seed", type=_SEED, default=1, metavar="N", help="what is done to them (1)")


def _of_policies(verbs: SubVerbs) -> None:
    judged = verbs.add_parser("ope", help="error and coverage of off-policy estimates where the truth is known")
    judged.tells(None, ["tideline bench ope --rows 10000 --repeats 200"])
    judged.add_argument("--rows", type=_COUNT, default=10_000, metavar="N", help="in each log (10000)")
    judged.add_argument("--repeats", type=_COUNT, default=200, metavar="N", help="logs (200)")

    learns = verbs.add_parser("regret", help="what policies lose while they learn, beside other libraries")
    learns.tells(None, ["tideline bench regret --only low_ctr --without-peers"])
    learns.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    learns.add_argument("--without-peers", action="store_true", help="the product's own policies only")

    ruled = verbs.add_parser("rules", help="what budgets, floors, fairness and variants earn of the most they allow")
    ruled.tells(None, ["tideline bench rules --json", "tideline bench rules --only floors"])
    ruled.add_argument("--only", choices=RULE_PARTS, action="append", help="a part; may be repeated")

    pushed = verbs.add_parser("push", help="whom pushes go to and what they bring, where the truth is known")
    pushed.tells(None, ["tideline bench push --json", "tideline bench push --only uplift"])
    pushed.add_argument("--only", choices=PUSH_PARTS, action="append", help="a part; may be repeated")

    ranks = verbs.add_parser("rank", help="microseconds a user to rank 50 to 10,000 activities, beside other libraries")
    ranks.tells(None, ["tideline bench rank --json"])


def _of_lists(verbs: SubVerbs) -> None:
    lists = verbs.add_parser("value", help="clicks of ours and of rivals in worlds of which the truth is known")
    lists.tells(None, ["tideline bench value --only demo --past 30 --seeds 1", "tideline bench value --world shop"])
    lists.add_argument("--world", type=Path, metavar="DIR", help="a world of your own (docs/guide/worlds.md)")
    lists.add_argument("--only", choices=WORLDS, action="append", help="a built-in world; may be repeated")
    lists.add_argument(
        "--past",
        type=argument(number(0, 36_500)),
        metavar="DAYS",
        help="known of the past before the first visit (all)",
    )
    lists.add_argument("--seeds", type=argument(whole(1, 1_000)), default=3, metavar="N", help="(3)")
    lists.add_argument("--policy", action="append", metavar="TEXT", help="beside the default; may be repeated")
    lists.add_argument("--model", type=Path, default=_NEWEST_ENCODER, metavar="DIR", help="model folder")
    lists.add_argument("--without-peers", action="store_true", help="without MABWiser")

    fresh = verbs.add_parser("zeroshot", help="how well an activity nobody has seen finds the users who would want it")
    fresh.tells(None, ["tideline bench zeroshot", "tideline bench zeroshot --only short_lived --past 30"])
    fresh.add_argument("--only", choices=WORLDS, default="demo", help="a built-in world (demo)")
    fresh.add_argument("--past", type=argument(number(0, 36_500)), metavar="DAYS", help="known of the past (all)")
    fresh.add_argument("--seed", type=_SEED, default=1, metavar="N", help="(1)")
    fresh.add_argument("--model", type=Path, default=_NEWEST_ENCODER, metavar="DIR", help="model folder")

    made = verbs.add_parser("world", help="writes a built-in world of `value` into a folder")
    made.tells(None, ["tideline bench world demo shop"])
    made.add_argument("name", choices=WORLDS, help="which one")
    made.add_argument("folder", type=Path, help="where to; made where it is not there")
    made.add_argument("--seed", type=_SEED, default=1, metavar="N", help="(1)")
