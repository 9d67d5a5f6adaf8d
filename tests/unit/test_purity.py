"""What the core may import, and the names it counts under."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.core_world import NOON_MS, activity, make_world, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.rewards.join import Join
from tideline.udfs.core.serving.engine import Records, process, republish
from tideline.udfs.operators import metrics
from tideline.udfs.operators.batch_rows import ORDER, read_batch

ROOT = Path(__file__).parents[2]
PURE = sorted(
    "tideline." + str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__")
    for folder in ("udfs/core", "schemas")
    for path in (ROOT / folder).rglob("*.py")
)
BLOCKED = ("pyflink", "kafka", "redis", "torch", "requests", "socket")


def test_the_core_imports_without_flink_and_clients() -> None:
    """Contract: udfs/core, schemas and the encoder run where no pyflink, Kafka or Redis client is installed."""
    assert len(PURE) > 40
    names = [
        *PURE,
        "tideline.models.encoder",
        "tideline.udfs.operators.batch_rows",
        "tideline.udfs.operators.world_feed",
        "tideline.udfs.operators.metrics",
    ]
    code = (
        "import importlib, sys\n"
        "sys.modules.update(dict.fromkeys(('pyflink', 'kafka', 'redis', 'torch', 'onnx'), None))\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("module", PURE)
def test_no_module_of_the_core_names_them(module: str) -> None:
    """Contract: not inside a function either."""
    path = ROOT / module.replace(".", "/")
    source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    for node in ast.walk(ast.parse(source.read_text())):
        found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            found = [node.module or ""]
        assert not [name for name in found if name.split(".")[0] in BLOCKED]


def test_every_count_of_the_engine_is_a_declared_counter() -> None:
    """Contract: the operator raises counters by these names; an undeclared one would stop the job."""
    world = make_world([activity("a", items=("tea",))])
    token = token_for("u", ["a"])
    events = [Event(f"e{kind}", "u", kind, NOON_MS + kind, "tea", price=1.0) for kind in range(4)]
    events += [
        Event(f"f{kind}", "u", kind, NOON_MS + kind, activity_id="a", token=each, position=0)
        for kind in range(EventType.IMPRESSION, EventType.DISMISS + 1)
        for each in (token, None)
    ]
    records = Records([b"u"] * len(events), [encode_event(each) for each in events], [2**50] * len(events))
    outcome = process(records, lambda users: [None], world)
    robot = [Event(f"r{n}", "r", EventType.VIEW, NOON_MS + n) for n in range(50)]
    robot.append(Event("bought", "r", EventType.PURCHASE, NOON_MS + 1_000, "tea"))
    burst = process(Records([b"r"] * 51, [encode_event(each) for each in robot], [2**50] * 51), lambda _: [None], world)
    assert {"quarantined", "quarantined_purchase"} <= set(burst.counts)
    counts = outcome.counts + burst.counts + republish(["u"], outcome.states, world).counts
    assert {"records", "duplicate", "late", "join_without_token", "join_matched"} <= set(outcome.counts)
    assert set(counts) | set(outcome.counts) <= set(metrics.COUNTERS)
    assert {f"join_{outcome}" for outcome in Join} <= set(metrics.COUNTERS)
    assert {f"dead_letter_{reason}" for reason in Reason if not reason.counted_only} <= set(metrics.COUNTERS)


def test_every_metric_has_a_meaning_and_a_prometheus_name() -> None:
    for name, meaning in (metrics.COUNTERS | metrics.GAUGES).items():
        assert name.isidentifier()
        assert name.islower()
        assert meaning[:1].isupper() or meaning[:1].isdigit()
        assert meaning.endswith(".")


def test_nulls_come_back_from_the_flags_of_their_partition() -> None:
    """Contract: a null key or value is None again, an empty one is empty, and nothing is shifted."""
    null_key, null_value = 1 << 24, 1 << 25
    row = (3, ORDER, [b"", b"k", b"", b""], [b"v", b"", b"", b"w"],
           [null_key | 2, null_value | 1, null_key | null_value, 7], [10, 11, 12, 13], [5, 6, 7, 8])  # fmt: skip
    batch = read_batch(row)
    assert batch.records == Records([None, b"k", None, b""], [b"v", None, None, b"w"], [5, 6, 7, 8])
    assert (batch.shard, batch.kind, batch.partitions, batch.offsets) == (3, ORDER, [2, 1, 0, 7], [10, 11, 12, 13])


def test_no_module_has_the_name_of_one_of_pythons() -> None:
    """Contract: a file that is run by itself puts its folder first in the path, and must not hide Python's modules."""
    folders = ("jobs", "udfs", "models", "schemas", "scripts")
    modules = [module for folder in folders for module in (ROOT / folder).rglob("*.py")]
    assert modules
    assert not [module for module in modules if module.stem in sys.stdlib_module_names]
