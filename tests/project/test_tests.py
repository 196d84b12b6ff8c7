"""Rules for the tests themselves."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FILES = sorted(TESTS.rglob("test_*.py"))
NAME_MAX = 90
HEAVY = ("inspect_ai", "docker", "pandas")
NEEDED = {
    "test_agent_programs": "docker",  # the compose file of their machine, and the name of its image
    "test_selection": "docker",  # the same: which agents there are
    "test_compose_file": "docker",  # what a file of Compose says is made the words of the Docker Engine
    "test_one_place_for_one_fact": "docker",  # the same file, and what the containers are made of
    "test_engine_address": "docker",  # the engine itself, and its errors
    "test_effects": "pandas",  # as gpboost does
    "test_factor_model": "pandas",
    "test_record_files": "pandas",  # as Arrow does
    "test_stopping": "inspect_ai",  # whose early stopping it is
    "test_leases": "inspect_ai",  # what reaches the places where logs go
    "test_shares": "inspect_ai",  # which trials a run has is told by the task
    "test_trial_plans": "inspect_ai",  # what a plan comes to is told by the task
}
"""unit test -> what the code that it is about cannot do without"""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def functions(path: Path) -> list[Function]:
    """All of a module, also those inside others."""
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]


def sentences(path: Path) -> list[Function]:
    return [function for function in functions(path) if function.name.startswith("test_")]


def called(node: ast.AST) -> set[str]:
    """Last names of what is called somewhere in a piece of code."""
    calls = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
    return {getattr(call, "attr", None) or getattr(call, "id", "") for call in calls}


def can_fail(test: ast.expr) -> bool:
    """Whether an asserted expression depends on anything: a constant, a tuple, and x == x do not; f() == f() does."""
    same = isinstance(test, ast.Compare) and ast.dump(test.left) == ast.dump(test.comparators[0])
    return not (same and not called(test)) and not isinstance(test, ast.Constant | ast.Tuple | ast.JoinedStr)


def checks(function: Function) -> bool:
    asserts = [node.test for node in ast.walk(function) if isinstance(node, ast.Assert)]
    return any(map(can_fail, asserts)) or bool(called(function) & {"raises", "expect", "fail"})


def checking(path: Path) -> set[str]:
    """Names of the functions of a module that check something, themselves or by another one."""
    known = functions(path)
    found = {function.name for function in known if checks(function)}
    while more := {function.name for function in known if called(function) & found} - found:
        found |= more
    return found


def without_a_check(path: Path) -> list[str]:
    found = checking(path)
    return [test.name for test in sentences(path) if test.name not in found]


def early_returns(path: Path) -> list[str]:
    """Tests that may end before what they assert, and so pass without it."""
    return [test.name for test in sentences(path) if returns(test)]


def returns(node: ast.AST) -> bool:
    """Whether a return statement stands in it, outside the functions that are defined there."""
    inner = [child for child in ast.iter_child_nodes(node) if not isinstance(child, Function | ast.Lambda)]
    return any(isinstance(child, ast.Return) or returns(child) for child in inner)


def test_every_test_asserts_something_that_can_fail_and_gets_there() -> None:
    assert [(path, name) for path in FILES for name in without_a_check(path) + early_returns(path)] == []


def test_the_name_of_a_test_is_a_short_sentence() -> None:
    assert [(path, test.name) for path in FILES for test in sentences(path) if len(test.name) > NAME_MAX] == []


@pytest.mark.parametrize(
    ("body", "is_seen"),
    [
        ("assert found == 1", False),
        ("check(1)", False),
        ("with pytest.raises(ValueError): run()", False),
        ("assert run() == run()", False),
        ("run()", True),
        ("assert True", True),
        ("assert found == found", True),
        ("assert (found == 1, 'is always true')", True),
        ("assert found == 1\n    if found: return\n    assert found", True),
    ],
)
def test_a_test_that_cannot_fail_is_seen(tmp_path: Path, body: str, is_seen: bool) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(f"def check(x):\n    assert x\n\ndef test_it():\n    {body}\n")
    assert bool(without_a_check(path) or early_returns(path)) is is_seen


def test_unit_tests_load_nothing_heavy_that_their_code_does_not_need() -> None:
    files = [path for path in FILES if path.parent.name == "unit"]
    code = (
        "import importlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "for name in sys.argv[2:]:\n before = set(sys.modules); importlib.import_module('unit.' + name)\n"
        f" for heavy in {HEAVY}:\n  if heavy in set(sys.modules) - before: print(name, heavy)"
    )
    light = [path.stem for path in files if path.stem not in NEEDED]
    done = subprocess.run([sys.executable, "-c", code, str(TESTS), *light], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")
