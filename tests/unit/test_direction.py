"""The rooms: which floor stands on which, and how large a room, a module and a function may be."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("schemas", "udfs", "models", "jobs", "scripts")
FLOORS = ("schemas", "udfs.core", "udfs.settings", "udfs.io", "models", "udfs.operators", "jobs", "scripts")
"""From the ground up: each may import its own and those before it."""
CORE = "tideline.udfs.core"
ROOMS = sorted(path.parent.name for path in (ROOT / "udfs" / "core").glob("*/__init__.py"))
WHOLE_ONLY = {
    "scripts/benchmarks/live/cluster_rate.py",
    "scripts/benchmarks/live/idiomatic_run.py",
    "scripts/benchmarks/live/peers/flink_job.py",
    "scripts/benchmarks/live/peers/peer_processes.py",
    "scripts/benchmarks/live/peers/plain_loop.py",
    "scripts/benchmarks/live/peers/quix_job.py",
    "scripts/benchmarks/live/peers/pathway_job.py",
    "scripts/benchmarks/live/peers/kill_run.py",
    "scripts/benchmarks/live/peers/bytewax_job.py",
    "scripts/benchmarks/live/peers/side_by_side.py",
    "scripts/benchmarks/live/ruled.py",
    "scripts/benchmarks/live/throughput.py",
    "scripts/benchmarks/peers/rank_peers.py",
    "scripts/benchmarks/peers/regret_peers.py",
    "scripts/benchmarks/peers/value_peers.py",
    "scripts/simulation/stage.py",
}
"""Runs only where a whole stack or other people's libraries are, which `scripts/bench` and `scripts/demo` bring."""
MAX_MODULES, MAX_LINES, MAX_PARAMETERS, MAX_FUNCTION = 10, 300, 7, 40


def name_of(path: Path) -> str:
    """Return what a file is imported as."""
    return ".".join(("tideline", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


@cache
def sources() -> dict[str, Path]:
    """Return every module of the product by its name."""
    return {name_of(path): path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))}


@cache
def of_tests() -> dict[str, Path]:
    """Return every module of the tests by its name."""
    found = {name_of(path): path for path in sorted((ROOT / "tests").rglob("*.py"))}
    assert len(found) > 100
    return found


class Function(NamedTuple):
    """One function, an inner one or a method too."""

    name: str
    parameters: int
    """Without the object of a method."""
    lines: int
    """Without its docstring."""


class Facts(NamedTuple):
    """What these checks want of a file."""

    imports: frozenset[str]
    """Every name that it imports, also inside functions and for types only."""
    functions: tuple[Function, ...]


@cache
def facts(path: Path) -> Facts:
    """Return what is said of a file, which is read once."""
    imports: set[str] = set()
    functions = []
    for node in statements(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            imports |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            parameters = len(names) - (names[:1] in (["self"], ["cls"]))
            functions.append(Function(node.name, parameters, _span(node) - _docstring_span(node.body[0])))
    return Facts(frozenset(imports), tuple(functions))


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring_span(first: ast.stmt) -> int:
    value = first.value if isinstance(first, ast.Expr) else None
    return _span(first) if isinstance(value, ast.Constant) and isinstance(value.value, str) else 0


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every statement: of expressions, most of what a file is made of, nothing is asked here."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for inside in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, inside, ())


@cache
def graph() -> dict[str, set[str]]:
    """Return the product's modules that each of them imports."""
    known = sources()
    found: dict[str, set[str]] = {}
    for module, path in known.items():
        names = {name if name in known else name.rpartition(".")[0] for name in facts(path).imports}
        found[module] = (names & known.keys()) - {module}
    return found


def floor_of(module: str) -> int | None:
    """Return the number of a module's floor; None for the docstring of `udfs`, which holds several."""
    inside = module.removeprefix("tideline.") + "."
    return next((number for number, floor in enumerate(FLOORS) if inside.startswith(f"{floor}.")), None)


def room_of(module: str) -> str | None:
    """Return the room of the core that a module is in; None outside, and for what lies beside the rooms."""
    inside = module.removeprefix(f"{CORE}.").split(".")
    return inside[0] if module.startswith(f"{CORE}.") and inside[0] in ROOMS else None


@cache
def rooms() -> dict[str, set[str]]:
    """Return the rooms that each room of the core imports from."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, names in graph().items():
        room = room_of(module)
        if room is not None:
            found[room] |= {other for name in names if (other := room_of(name)) not in (None, room)}
    return found


def test_every_module_stands_on_a_floor() -> None:
    """Contract: nothing lies outside the declared direction."""
    assert {module for module in sources() if floor_of(module) is None} == {"tideline.udfs"}


def test_no_import_goes_up() -> None:
    """Contract: schemas, core, settings, io, models, operators, jobs, scripts; types count as well."""
    up = [
        f"{module} imports {name}"
        for module, names in graph().items()
        for name in names
        if (floor_of(name) or 0) > (floor_of(module) or 0)
    ]
    assert not up


@pytest.mark.parametrize("arrows", [graph, rooms])
def test_nothing_imports_itself_in_a_circle(arrows: object) -> None:
    """Contract: neither modules nor rooms of the core, not even for a type."""
    assert callable(arrows)
    try:
        TopologicalSorter(arrows()).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' imports '.join(reversed(error.args[1]))}")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_its_docstring_names(room: str) -> None:
    """Contract: the docstring of a room says from which rooms it takes, no more and no fewer."""
    text = ast.get_docstring(ast.parse((ROOT / "udfs" / "core" / room / "__init__.py").read_text())) or ""
    promise = re.search(r"^Imports from (.+)\.\Z", text, re.M | re.S)
    assert promise, "the last sentence is `Imports from ...`"
    assert set(re.findall(r"`(\w+)`", promise[1])) == rooms().get(room, set())


def test_what_lies_beside_the_rooms_needs_none() -> None:
    """Contract: any room may take from context, limits, hashing and the random numbers."""
    beside = [module for module in graph() if module.startswith(CORE) and room_of(module) is None]
    assert len(beside) > 3
    assert not [module for module in beside if any(room_of(name) for name in graph()[module])]


def test_a_folder_of_the_core_holds_at_most_ten_modules() -> None:
    """Contract: a room can be looked over; the docstring is not counted."""
    folders = {path.parent for path in (ROOT / "udfs").rglob("*.py")}
    many = {
        str(folder): n
        for folder in folders
        if (n := len(set(folder.glob("*.py")) - {folder / "__init__.py"})) > MAX_MODULES
    }
    assert not many


def test_no_two_modules_of_a_folder_share_a_name() -> None:
    """Contract: a name says which module is meant, for all of `udfs` as for all of `scripts`."""
    for folder in FOLDERS:
        names = [path.stem for path in (ROOT / folder).rglob("*.py") if not path.stem.startswith("__")]
        assert sorted(names) == sorted(set(names))


def functions() -> list[tuple[str, Function]]:
    """Return every function of the product and of the tests under the name of its module."""
    return [
        (f"{name}.{each.name}", each)
        for name, path in (sources() | of_tests()).items()
        for each in facts(path).functions
    ]


def test_no_module_is_longer_than_300_lines() -> None:
    """Contract: what is longer holds two subjects, of the tests too."""
    lines = {name: path.read_text().count("\n") for name, path in (sources() | of_tests()).items()}
    assert not {name: count for name, count in lines.items() if count > MAX_LINES}


def test_no_function_takes_more_than_seven_parameters() -> None:
    """Contract: the object of a method is not counted; what a test asks of fixtures is."""
    many = {name: each.parameters for name, each in functions() if each.parameters > MAX_PARAMETERS}
    assert not many


def test_no_function_is_longer_than_forty_lines() -> None:
    """Contract: what is longer does two things, in tests too; what a docstring promises is not counted."""
    assert not {name: each.lines for name, each in functions() if each.lines > MAX_FUNCTION}


def test_a_function_is_measured_without_its_docstring(tmp_path: Path) -> None:
    """Contract: all other lines count, those of inner functions for both."""
    path = tmp_path / "one.py"
    path.write_text(
        'async def outer(a, *, b):\n    """Two\n    lines."""\n\n    def inner(self): ...\n    return inner\n'
    )
    assert facts(path).functions == (Function("outer", 2, 4), Function("inner", 0, 1))


def test_a_statement_is_found_wherever_it_stands() -> None:
    """Contract: no import and no function is hidden by what is around it; the whole tree has no others."""
    for path in (*sources().values(), *list(of_tests().values())[:100]):
        tree = ast.parse(path.read_text())
        kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef
        assert {each for each in statements(tree) if isinstance(each, kinds)} == {
            each for each in ast.walk(tree) if isinstance(each, kinds)
        }


def test_tideline_is_the_only_name_that_is_imported() -> None:
    """Contract: a wheel brings no top-level `scripts` or `models`, and nothing here leans on one."""
    for path in (sources() | of_tests()).values():
        assert not [name for name in facts(path).imports if name.split(".")[0] in FOLDERS], path
    for path in (*(ROOT / "scripts").iterdir(), ROOT / "setup.cfg"):
        if path.is_file():
            assert not re.search(rf"(?:-m|=) (?:{'|'.join(FOLDERS)})\.", path.read_text()), path


def test_the_package_is_the_folders_beside_it() -> None:
    """Contract: `tideline` holds a docstring and links, so that every file has one place."""
    links = {path.name: path.readlink() for path in (ROOT / "tideline").iterdir() if path.is_symlink()}
    assert links == {folder: Path("..") / folder for folder in FOLDERS}


def test_every_module_with_behaviour_has_its_tests_at_the_mirrored_path() -> None:
    """Contract: module by module, in whichever layer of tests is real enough for it."""
    lacking = []
    for path in sources().values():
        inside = path.relative_to(ROOT)
        if path.stem.startswith("__"):
            continue
        if facts(path).functions:
            mirrored = (ROOT / "tests").glob(f"*/{inside.parent}/test_{inside.name}")
            lacking += [str(inside)] * (next(mirrored, None) is None)
    assert set(lacking) == WHOLE_ONLY
