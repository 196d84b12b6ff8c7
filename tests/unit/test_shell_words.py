"""What a shell text is certain to have run, and what of it only might have."""

import pytest

from offswitch.acts.words.commands import certain_commands, program_names
from offswitch.acts.words.wrappers import unwrapped

HOME = "/home/user"


def run(text: str) -> list[tuple[str | None, ...]]:
    return [found.words for command in certain_commands(text, HOME) for found, _ in unwrapped(command, HOME)]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("rm a; ls -l", [("rm", "a"), ("ls", "-l")]),
        ("rm 'a b' \"c $HOME/d\" e\\ f", [("rm", "a b", "c /home/user/d", "e f")]),
        ("rm ~/a ~ ${HOME}/b", [("rm", "/home/user/a", "/home/user", "/home/user/b")]),
        ("rm $OTHER *.sh", [("rm", None, "*.sh")]),
        ("mv a{,.b} {c,d}e", [("mv", "a", "a.b", "ce", "de")]),
        ("T=a; export U=b; rm $T $U", [("rm", "a", "b")]),
        ("export HOME=/x; rm $HOME/a", [("rm", "/x/a")]),
        ("T=a; read T; rm $T", [("read", "T"), ("rm", None)]),
        ("cd /x && echo y && rm a", [("cd", "/x"), ("echo", "y"), ("rm", "a")]),
        ("set -euo pipefail; cd /x; rm a; rm b", [("set", "-euo", "pipefail"), ("cd", "/x"), ("rm", "a")]),
        ("sudo -u root -- rm a", [("rm", "a")]),
        ("sudo -Hu root rm a", [("rm", "a")]),
        ("pkexec --user root rm a", [("rm", "a")]),
        ("sudo bash <<'E'\nrm a\nE", [("rm", "a")]),
        ("bash -s <<< 'rm a'", [("rm", "a")]),
        ("bash script <<< 'rm a'", [("bash", "script")]),
        ("(rm a) | cat && ls", [("rm", "a"), ("cat",)]),
        ("X=1 rm a > b 2>&1 &", [("rm", "a")]),
        ("! rm a", [("rm", "a")]),
        ("{ rm a; }", [("rm", "a")]),
        ("sudo -n rm a", [("rm", "a")]),
        ("bash -c 'rm a; ls'", [("rm", "a"), ("ls",)]),
        ("su root -c 'sh -c \"rm a\"'", [("rm", "a")]),
        ("timeout 3 env A=b nohup /bin/rm a", [("rm", "a")]),
        ("eval 'rm a'", [("rm", "a")]),
    ],
)
def test_what_is_certain_is_taken_apart(text: str, commands: list[tuple[str | None, ...]]) -> None:
    assert run(text) == commands


@pytest.mark.parametrize(
    "text",
    [
        "echo 'rm a'",
        "echo rm a",
        "grep 'rm a' b  # rm a",
        "cat <<'E'\nrm a\nE",
        "if false; then rm a; fi",
        "false && rm a",
        "true || rm a",
        "for i in 1 2; do rm a; done",
        "f() { rm a; }",
        "rm() { echo $@; }; rm a",
        "bash -n -c 'rm a'",
        "set -n; rm a",
        "bash -c 'set -o noexec; rm a'",
        "set -o errexit; grep b c; rm a",
        "exit; rm a",
        "sudo -l rm a",
        "command -v rm a",
        "rm 'a",  # a shell runs nothing of this
        "",
    ],
)
def test_what_may_never_have_run_is_left_out(text: str) -> None:
    assert not [words for words in run(text) if words[0] == "rm"]


def test_the_directory_goes_with_the_text_and_not_out_of_a_subshell() -> None:
    commands = certain_commands("cd /tmp; (cd x; rm a); rm b; cd; rm c", HOME)
    assert [command.path(command.words[1]) for command in commands if command.words[0] == "rm"] == [
        "/tmp/x/a", "/tmp/b", "/home/user/c",
    ]  # fmt: skip


def test_a_wrapper_that_asks_for_rights_is_told() -> None:
    [command] = certain_commands("nohup sudo rm a", HOME)
    assert [raised for _, raised in unwrapped(command, HOME)] == [True]


def test_what_is_emptied_by_whose_rights_is_told() -> None:
    found = [
        (inner.empties, raised)
        for text in ("sudo sh -c 'echo > a'", "sudo echo > a", "sudo sh -c 'echo >> a'")
        for command in certain_commands(text, HOME)
        for inner, raised in unwrapped(command, HOME)
    ]
    assert found == [(("a",), True), ((), True), ((), True)]


def test_programs_are_named_wherever_they_stand() -> None:
    assert set(program_names("if true; then rm a; fi; for i in 1; do /bin/mv a b; done; $X y")) == {
        "true", "rm", "mv", None,
    }  # fmt: skip


def test_commands_within_commands_without_end_are_given_up() -> None:
    assert run("eval " * 40 + "rm a") == []
