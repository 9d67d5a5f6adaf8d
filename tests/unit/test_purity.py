"""What the core may import, and the names it counts under."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

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
        "tideline.udfs.operators.ranker_feed",
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


def test_no_module_has_the_name_of_one_of_pythons() -> None:
    """Contract: a file that is run by itself puts its folder first in the path, and must not hide Python's modules."""
    folders = ("jobs", "udfs", "models", "schemas", "scripts")
    modules = [module for folder in folders for module in (ROOT / folder).rglob("*.py")]
    assert modules
    assert not [module for module in modules if module.stem in sys.stdlib_module_names]
