"""The command line: what is wrong with the input is one line and exit code 2, and nothing is started."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from offswitch_cli import main


def refusal(*words: str, **env: str) -> str:
    """The one line with which these words are refused."""
    done = CliRunner(env=env).invoke(main, words)
    assert done.exit_code == 2, done.output
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.startswith("offswitch: ")
    return done.stderr


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


RUN = ("run", "--model", "script/comply")
CODE = "from offswitch_cli import main; main()"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*RUN, "--variants", "A,Z"), "Z is not a variant; there are A, B, C"),
        ((*RUN, "--trials", "0"), "trials must be 1 to 100000, not 0"),
        ((*RUN, "--trials", "1000000000000"), "trials must be 1 to 100000, not 1000000000000"),
        ((*RUN, "--seed", "9" * 30), "seed must be at most"),
        ((*RUN, "-T", "agent=5"), "agent 5: there is no such agent"),
        ((*RUN, "-T", "grace_s=99"), "grace_s must be"),
        ((*RUN, "-T", "grace_s=soon"), "grace_s: must be a number"),
        ((*RUN, "-T", "questions=2.5"), "questions: must be a whole number"),
        ((*RUN, "-T", "variants=5"), "variants: 5 is not a variant"),
        ((*RUN, "-T", "colour=red"), "-T colour: the task has no such parameter; there are variants, trials"),
        ((*RUN, "-T", "grace_s"), "-T grace_s: is not NAME=VALUE"),
        ((*RUN, "-T", "questions=3"), "trigger_at"),
        (("run",), "--model: is missing; name a model"),
        ((*RUN, "-G", "colour=red"), "-G colour: Inspect has no such generation setting; there are max_retries"),
        ((*RUN, "-G", "temperature=hot"), "-G temperature: Input should be a valid number, not 'hot'"),
        ((*RUN, "-G", "max_retries=1", "--max-retries", "2"), "-G max_retries: is given twice"),
        ((*RUN, "--max-connections", "0"), "-G max_connections: must be at least 1"),
        ((*RUN, "--cache", "soon"), "-G cache: "),
        ((*RUN, "--token-limit", "many"), "--token-limit many: token limit: expected"),
        ((*RUN, "--time-limit", "0"), "--time-limit 0: must be a whole number above 0"),
        ((*RUN, "--cost-limit", "1"), "--cost-limit: Inspect knows no price of script/comply"),
        ((*RUN, "--model-cost-config", "/nowhere.yaml"), "--model-cost-config /nowhere.yaml: "),
        ((*RUN, "--approval", "/nowhere.yaml"), "--approval /nowhere.yaml: Invalid approval policy"),
        ((*RUN, "--model-role", "grader=nobody/x"), "--model-role: Model API nobody"),
        ((*RUN, "--approval", "human", "--processes", "2"), "--processes: a person approves at one terminal"),
        ((*RUN, "--model-role", "grader"), "--model-role: grader is not ROLE=MODEL"),
        ((*RUN, "--model-role", "grader="), "Model role 'grader' has an invalid value (None)"),
        ((*RUN, "-M", "memoize=false"), "-M memoize: is no argument of a model's provider"),
        (("run", "--model", "script/nobody"), "no such script; there are file, subject"),
        (("run", "--model", "script/comply", "-M", "x=1"), "unknown argument -M x"),
        (("run", "--model", "script/file"), "add -M path=FILE.yaml"),
        (("run", "--model", "script/file", "-M", "path=/nowhere.yaml"), "/nowhere.yaml: cannot be read"),
        (("run", "--model", "nobody/nothing"), "--model nobody/nothing:"),
        (("run", "--model", "script/subject", "-M", "rates=/nowhere.yaml"), "/nowhere.yaml: cannot be read"),
        ((*RUN, "-T", "variants=[A"), "the value is not YAML"),
        (("run", "--model", "script/file", "-M", "path=@x"), "the value is not YAML"),
        ((*RUN, "--log-dir", "/proc/x/y"), "--log-dir /proc/x/y: cannot be made"),
        ((*RUN, "--log-dir", "/etc/passwd"), "--log-dir /etc/passwd: cannot be made"),
        ((*RUN, "--log-dir", "foo://bar"), "--log-dir foo://bar: cannot be made"),
        ((*RUN, "--log-dir", "file:///proc/x"), "--log-dir file:///proc/x: cannot be made"),
        ((*RUN, "-G", "cache={expiry: soon}"), "-G cache: Invalid expiry: soon"),
        ((*RUN, "-T", "wordings=2.0"), "wordings: must be first, drawn or a number from 1 to 3, not 2.0"),
        ((*RUN, "-G", "adaptive_connections=0"), "-G adaptive_connections: must be at least 1"),
        (("rates", "foo://bar"), "foo://bar: cannot be read"),
        ((*RUN, "--sandbox", "cardboard"), "--sandbox cardboard: no such provider"),
        (
            (*RUN, "--variants", "E+object=other+arm=other_machine", "--sandbox", "local"),
            "gives no second machine",
        ),
        (("trials", "/nowhere"), "/nowhere: no such log or directory"),
        (("rates", "/nowhere"), "/nowhere: no such log or directory"),
        (("prompts", "show", "Q"), "Q is not a variant"),
    ],
)
def test_bad_input_is_one_clear_line(words: tuple[str, ...], said: str) -> None:
    assert said in refusal(*words)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MAX_SAMPLES", "0", "--max-samples 0: must be a whole number above 0"),
        ("MAX_SAMPLES", "many", "--max-samples many: must be a whole number above 0"),
        ("TIME_LIMIT", "1.5", "--time-limit 1.5: must be a whole number above 0"),
        ("TURN_LIMIT", "true", "--turn-limit True: must be a whole number above 0"),
        ("COST_LIMIT", ".nan", "--cost-limit nan: must be a number above 0"),
        ("RETRY_ON_ERROR", "often", "--retry-on-error often: must be a whole number"),
        ("APPROVAL", "{[a]: b}", "environment: INSPECT_EVAL_..."),
    ],
)
def test_a_wrong_option_in_the_environment_is_one_clear_line(name: str, value: str, said: str) -> None:
    assert said in refusal(*RUN, **{f"INSPECT_EVAL_{name}": value})


def test_a_cost_limit_needs_the_price_of_every_model_that_is_asked(tmp_path: Path) -> None:
    price = "{input: 1, output: 1, input_cache_write: 0, input_cache_read: 0}"
    prices = write(tmp_path / "prices.yaml", f"openai/gpt-4o: {price}\n")
    words = ("--cost-limit", "1", "--model-cost-config", prices, "--model-role", "grader=mockllm/unpriced")
    assert "--cost-limit: Inspect knows no price of mockllm/unpriced" in refusal(
        "run", "--model", "openai/gpt-4o", "-M", "api_key=x", *words
    )


def test_a_key_is_not_repeated_on_the_terminal() -> None:
    assert refusal(*RUN, "-M", "api_key=@5ecret").endswith("-M api_key: the value is not YAML; put it in quotes\n")
    assert "5ecret" not in refusal(*RUN, "--model-role", "a={model: nobody/x, model_args: {api_key: 5ecret}}")
    env = {"INSPECT_EVAL_EXTRA_HEADERS": '{"Authorization": "Bearer 5ecret"}', "INSPECT_EVAL_TEMPERATURE": "0"}
    done = CliRunner(env=env).invoke(main, (*RUN, "--variants", "Z"))
    assert "from the environment: temperature=0.0, extra_headers\n" in done.stderr
    assert "5ecret" not in done.output


def test_an_env_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_bytes(b"KEY=\xff\n")
    monkeypatch.chdir(tmp_path)
    assert ".env: cannot be read" in refusal(*RUN)
    assert ".env: cannot be read" in refusal("doctor")


def test_a_broken_script_file_names_file_and_field(tmp_path: Path) -> None:
    script = write(tmp_path / "s.yaml", "turns: 5\n")
    assert f"{script}: turns" in refusal("run", "--model", "script/file", "-M", f"path={script}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rates: {A: 2}", "rates.A: must be from 0 to 1"),
        ("rates: {Z: 0.5}", "rates.Z: is not a variant"),
        ("rates: {A: much}", "rates.A"),
        ("rates: {}\nsabotage: wish", "sabotage: no built-in script wish"),
    ],
)
def test_a_broken_rates_file_names_file_and_field(tmp_path: Path, text: str, said: str) -> None:
    rates = write(tmp_path / "r.yaml", text)
    assert f"{rates}: {said}" in refusal("run", "--model", "script/subject", "-M", f"rates={rates}")


@pytest.mark.parametrize("words", [RUN, ("demo",), ("selftest", "--sandbox", "bubblewrap")])
@pytest.mark.parametrize("place", ["/proc/nowhere", "/etc/passwd"])
def test_a_data_directory_that_cannot_be_written_to_is_one_clear_line(
    tmp_path: Path, words: tuple[str, ...], place: str
) -> None:
    said = refusal(*words, "--log-dir", str(tmp_path), XDG_DATA_HOME=place)
    assert f"XDG_DATA_HOME={place}: Inspect keeps files of its own there, and cannot write (" in said
    assert said.strip().endswith("set XDG_DATA_HOME to a directory that can be written to")


def test_a_selftest_through_an_agent_is_refused_where_it_cannot_be_had(tmp_path: Path) -> None:
    selftest = ("selftest", "--log-dir", str(tmp_path))
    assert "agent nobody: there is no such agent" in refusal(*selftest, "--agent", "nobody")
    assert "works in machines of offswitch and bubblewrap alone" in refusal(
        *selftest, "--agent", "codex", "--sandbox", "docker"
    )
    write(tmp_path / "one.yaml", "says: x\nverdict: complied\nmethods: []\nturns: [{say: Hm.}, ls]")
    words = ("--agent", "codex", "--sandbox", "bubblewrap", "--behaviours", str(tmp_path))
    assert "--agent codex: can play none of these behaviours; goes on after" in refusal(*selftest, *words)


def test_logs_are_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Nor is there a home, or a name for the user."""
    write(tmp_path / "2026-01-01T00-00-00-00-00_x_abc.eval", "this is no log")
    done = subprocess.run(
        ["unshare", "--user", "--map-user=54321", sys.executable, "-c", CODE, "rates", str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "XDG_DATA_HOME": "/proc/nowhere", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "skipped, it cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_log_directory_without_room_is_refused(tmp_path: Path) -> None:
    code = f"from offswitch.runs.directories import check_log_dir; check_log_dir('{tmp_path}/logs')"
    words = f'mount -t tmpfs -o size=4k none {tmp_path}; exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", words, "sh", sys.executable, "-c", code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = f"InputError: --log-dir {tmp_path}/logs: cannot be written to (No space left on device); name another"
    assert said in done.stderr


def test_a_directory_without_trials_is_refused(tmp_path: Path) -> None:
    assert "no trials of shutdown_resistance here" in refusal("trials", str(tmp_path))
    assert "no logs here" in refusal("records", str(tmp_path))


def test_a_broken_log_is_named(tmp_path: Path) -> None:
    write(tmp_path / "2026-01-01T00-00-00-00-00_x_abc.eval", "this is no log")
    assert "2026-01-01T00-00-00-00-00_x_abc.eval: skipped, it cannot be read" in refusal("rates", str(tmp_path))


def test_without_engine_and_bubblewrap_one_line_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, "demo", "--log-dir", str(tmp_path)],
        env={"PATH": "/nowhere", "HOME": str(tmp_path), "DOCKER_HOST": "unix:///nowhere.sock"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("offswitch: the Docker Engine does not answer")
    assert len(done.stderr.splitlines()) == 1
    assert "start it" in done.stderr
    assert "install it (apt install bubblewrap)" in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["demo", "--help"], ["prompts", "list"]])
def test_help_answers_at_once_and_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from offswitch_cli import main; main(standalone_mode=False);"
        "assert not {'inspect_ai', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    # The processor's time, which other programs on the host hardly change.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
