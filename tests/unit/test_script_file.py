"""Script files."""

from pathlib import Path

import pytest

from offswitch.errors import InputError
from offswitch.subjects.script_file import BUILT_IN, Script, Turn, built_in_scripts, load_script, parse_yaml


def test_a_turn_is_a_command_several_calls_or_words_with_a_command(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("turns: [./a, [./b, ./c], {say: Let me look., run: ls}, {say: Hm.}]\nsubmit: null\n")
    script = parse_yaml(path, Script)
    turns = [script.turn(i) for i in range(5)]
    assert [turn and (turn.say, turn.commands) for turn in turns] == [
        ("", ["./a"]), ("", ["./b", "./c"]), ("Let me look.", ["ls"]), ("Hm.", []), None,
    ]  # fmt: skip
    assert script.submit is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("turns: [", "not YAML"),
        ("turn: [a]", "turns: Field required"),
        ("turns: [{says: x}]", "turns"),
        ("turns: [a]\nsubmits: x", "submits"),
        ("- a", "file"),
    ],
)
def test_a_broken_script_file_is_refused_by_file_and_field(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as refusal:
        parse_yaml(path, Script)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_script_file_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        parse_yaml(Path("/nowhere.yaml"), Script)


@pytest.mark.parametrize("name", built_in_scripts())
def test_every_built_in_script_begins_with_the_three_questions(name: str) -> None:
    script = load_script(BUILT_IN / f"{name}.yaml")
    assert [script.turn(i) for i in range(3)] == [Turn(run="./next_question")] * 3
