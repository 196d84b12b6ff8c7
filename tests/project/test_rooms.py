"""The rooms of the packages: what may import what, and how; see the tree in CONTRIBUTING.md."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {
    "offswitch": ROOT / "evals/offswitch",
    "offswitch_cli": ROOT / "evals/offswitch_cli",
    "offswitch_rl": ROOT / "evals/offswitch_rl",
    "offswitch_sandbox": ROOT / "sandbox/offswitch_sandbox",
    "offswitch_prompts": ROOT / "prompts/offswitch_prompts",
    "offswitch_analysis": ROOT / "analysis/offswitch_analysis",
}
# From the ground up; rooms of one line know nothing of each other.
EVALS = """
    errors
    extras user_files refusals scene
    evidence
    acts probes
    verdict judges
    record subjects
    trial stopping
    agents samples scorer hooks
    task
    runs selftest training
    bench asking
    _registry
"""
ANALYSIS = """
    text statistics
    logs
    rates
    trial_plans
    terminal report training_data
"""
FLOORS = {
    **{f"offswitch.{room}": i for i, line in enumerate(EVALS.split("\n")) for room in line.split()},
    **{f"offswitch_analysis.{room}": i for i, line in enumerate(ANALYSIS.split("\n")) for room in line.split()},
}
PACKAGES_BELOW = {
    "offswitch_prompts": set[str](),
    "offswitch_sandbox": set[str](),
    "offswitch": {"offswitch_prompts", "offswitch_sandbox"},
    "offswitch_analysis": {"offswitch"},
    "offswitch_rl": {"offswitch", "offswitch_prompts"},
    "offswitch_cli": {"offswitch", "offswitch_analysis", "offswitch_prompts", "offswitch_sandbox"},
}
EVALS_FLOORS_MAX = 10
MODULE_LINES_MAX = 260
FUNCTION_LINES_MAX = 40
FUNCTION_LINES_P90 = 25


def dotted(path: Path) -> str:
    """The name by which a file is imported."""
    package, root = next((name, root) for name, root in SOURCES.items() if path.is_relative_to(root))
    return ".".join([package, *path.relative_to(root).with_suffix("").parts]).removesuffix(".__init__")


OF_SCENES = SOURCES["offswitch_prompts"] / "scenes"
"""what agents work at: nothing there is the project's own code"""
CODE = [path for root in SOURCES.values() for path in sorted(root.rglob("*.py")) if OF_SCENES not in path.parents]
MODULES = {dotted(path): path for path in CODE}
# What runs in a machine, or beside it, is run as programs of their own, and imported by nobody.
HOST = {name: path for name, path in MODULES.items() if ".image." not in name and ".keeper." not in name}


@cache
def imports(module: str) -> frozenset[tuple[str, str]]:
    """(module, name) for everything of the project that a module imports, wherever in it."""
    return frozenset(_imports(ast.parse(MODULES[module].read_text())))


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] in SOURCES)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in SOURCES:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole, "") if whole in MODULES else (node.module, alias.name)


def room(module: str) -> str:
    """The room that a module is in: the first part of its name below the package."""
    return ".".join(module.split(".")[:2])


def is_below(other: str, module: str) -> bool:
    """Whether a module may import another one."""
    if room(other) == room(module) or "." not in other or "." not in module:
        return True
    if other.split(".")[0] != module.split(".")[0]:
        return other.split(".")[0] in PACKAGES_BELOW[module.split(".")[0]]
    return room(module) not in FLOORS or FLOORS[room(other)] < FLOORS[room(module)]


def test_a_module_imports_only_what_stands_below_its_room() -> None:
    wrong = [
        f"{module} imports {other}" for module in HOST for other, _ in imports(module) if not is_below(other, module)
    ]
    assert wrong == []


def reached(module: str) -> set[str]:
    """All that a module imports by way of others, but not by way of a face."""
    seen, pending = set[str](), [other for other, _ in imports(module)]
    while pending:
        other = pending.pop()
        if other not in seen:
            seen.add(other)
            pending += [further for further, _ in imports(other)] if other in MODULES and not is_face(other) else []
    return seen


def test_no_module_is_reached_by_its_own_imports() -> None:
    assert [module for module in HOST if module in reached(module) and not is_face(module)] == []


def is_face(module: str) -> bool:
    """A package's `__init__`, which only hands names on."""
    return MODULES[module].name == "__init__.py"


def test_who_has_wordings_made_cannot_see_how_trials_ended() -> None:
    makers = {module for module in HOST if module == "offswitch.asking" or ".synthesis" in module}
    seen, pending = set[str](), [*makers - {"offswitch_cli.synthesis"}]
    while pending:
        module = pending.pop()
        if module in MODULES and module not in seen:
            seen.add(module)
            pending += [other for other, _ in imports(module)]
    assert "offswitch_prompts.synthesis.loop" in seen
    blind_to = {"acts", "evidence", "record", "scorer", "trial", "verdict"}
    assert [name for name in seen if room(name).removeprefix("offswitch.") in blind_to or "_analysis" in name] == []


def test_every_room_has_its_place() -> None:
    rooms = {room(module) for module in HOST if module.startswith(("offswitch.", "offswitch_analysis."))}
    assert rooms == set(FLOORS)


FACES = [module for module in HOST if is_face(module) and (module in FLOORS or module == "offswitch_sandbox")]


@pytest.mark.parametrize("face", FACES)
def test_a_face_says_what_lives_there_and_hands_on_what_it_names(face: str) -> None:
    room = import_module(face)
    assert (room.__doc__ or "").strip()
    names: list[str] = getattr(room, "__all__", [])
    assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert [name for name in names if not hasattr(room, name)] == []
    assert {name for _, name in imports(face)} == set(names)


def test_what_a_face_hands_on_is_imported_from_it() -> None:
    passed_by = [
        f"{module}: from {face} import {name}"
        for module in HOST
        for other, name in imports(module)
        for face in {room(other), other.split(".")[0]} & {*FACES} - {other}
        if not f"{module}.".startswith(f"{face}.") and name in getattr(import_module(face), "__all__", ())
    ]
    assert passed_by == []


def test_the_evaluation_has_few_floors() -> None:
    floors: dict[str, int] = {}
    below = {
        name: {room(other) for module in MODULES if room(module) == name for other, _ in imports(module)}
        for name in FLOORS
        if name.startswith("offswitch.")
    }

    def floor(name: str) -> int:
        if name not in floors:
            floors[name] = 1 + max((floor(other) for other in below[name] - {name} if other in below), default=0)
        return floors[name]

    assert max(map(floor, below)) <= EVALS_FLOORS_MAX


def test_a_module_is_short_enough_to_be_read() -> None:
    lines = {module: len(path.read_text().splitlines()) for module, path in MODULES.items()}
    assert {module: count for module, count in lines.items() if count > MODULE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    trees = {module: ast.parse(path.read_text()) for module, path in MODULES.items()}
    functions = [
        ((node.end_lineno or 0) - node.lineno + 1, f"{module}.{node.name}")
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    functions.sort()
    assert functions[-1][0] <= FUNCTION_LINES_MAX, functions[-1]
    assert functions[int(0.9 * len(functions))][0] <= FUNCTION_LINES_P90
