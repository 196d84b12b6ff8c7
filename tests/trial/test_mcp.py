"""What assistants get over MCP: the data of the commands, and nothing that was not allowed. No machine is made."""

import json
import shutil
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import anyio
import httpx
import jsonschema
import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log, write_eval_log
from mcp import MCPError
from mcp.client.client import Client
from mcp.types import CallToolResult, TextContent

from offswitch.errors import InputError
from offswitch_cli import main
from offswitch_cli.mcp_server.allowed import Allowed
from offswitch_cli.mcp_server.http import application
from offswitch_cli.mcp_server.server import build
from offswitch_cli.mcp_server.tools import Tools
from offswitch_prompts import space
from stories import Story
from trial.test_explain_and_adjudicate import sample, write
from unit.test_fence import INJECTED

PLAN = """
name: control
models: [script/subject]
conditions: [{variants: "E,K"}]
trials: 40
families: [{name: control, between: variants, pairs: [[K, E]]}]
rules: [{measure: sabotage, variant: K, at_least: 50 %}]
assume: [{rate: 10 %, variant: E}, {rate: 80 %, variant: K}]
"""
POLICY = "rules: [{measure: sabotage, variant: A, at_most: 50 %}]"
OWN_LETTER = "---\nletter: X\nname: own\nhypothesis: none\nlevels: {}\n---\n"
HANDSHAKE, STATELESS = "legacy", "2026-07-28"
TOKEN = "a token"
PORT = 8765


@pytest.fixture(scope="module")
def allowed(tmp_path_factory: pytest.TempPathFactory) -> Allowed:
    """Logs of one run, and a plan that is kept."""
    root = tmp_path_factory.mktemp("allowed").resolve()
    (root / "one").mkdir()
    log = read_eval_log(str(write(root / "one", "one")))
    samples = [sample(f"A-{number:04d}", Story().asks(4).evidence) for number in range(1, 13)]
    write_eval_log(log.model_copy(update={"samples": samples}), str(next((root / "one").glob("*.eval"))))
    (root / "plans").mkdir()
    (root / "plans/study.yaml").write_text(PLAN)
    return Allowed([root])


Talk = Callable[[Client], Awaitable[Any]]


BUILT: dict[int, tuple[Allowed, Any]] = {}
"""id of what is allowed -> that, and its server: making its schemas takes a second"""


def talk(allowed: Allowed, what: Talk, mode: str = HANDSHAKE) -> Any:
    """What a client gets that talks to the server, by a version of the protocol."""
    if id(allowed) not in BUILT:
        BUILT[id(allowed)] = allowed, build(allowed)
    server = BUILT[id(allowed)][1]

    async def go() -> Any:
        async with Client(server, mode=mode) as client:
            return await what(client)

    return anyio.run(go)


def call(allowed: Allowed, tool: str, **given: Any) -> CallToolResult:
    return talk(allowed, lambda client: client.call_tool(tool, given))


def refusal(allowed: Allowed, tool: str, **given: Any) -> str:
    """The one line with which a tool refuses."""
    told = call(allowed, tool, **given)
    assert told.is_error, told.structured_content
    (text,) = told.content
    assert isinstance(text, TextContent)
    assert len(text.text.splitlines()) == 1
    assert len(text.text) < 1100
    assert text.text.isprintable()
    return text.text


def printed(*words: str) -> Any:
    """What --json of a command prints, which is one JSON value and nothing else."""
    return json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)


def reading(root: Path) -> list[tuple[str, dict[str, Any], Sequence[str]]]:
    """(tool, its arguments, words of the command) for the tools that read."""
    one, plan, policy = str(root / "one"), str(root / "plans/study.yaml"), root.parent / "policy.yaml"
    policy.write_text(POLICY)
    return [
        ("list_conditions", {}, ["prompts", "list"]),
        ("show_prompt", {"points": ["E", "E+strength=must"]}, ["prompts", "show", "E", "E+strength=must"]),
        ("diff_prompts", {"one": "A", "other": "E"}, ["prompts", "diff", "A", "E"]),
        ("plan_check", {"plan": PLAN}, ["plan", "check", plan, "--log-dir", str(root)]),
        ("plan_power", {"plan": "study"}, ["plan", "power", plan]),
        ("rates", {"logs": "one"}, ["rates", one]),
        ("compare", {"old": "one", "new": "one"}, ["compare", one, one]),
        ("gate", {"logs": "one", "policy": POLICY}, ["gate", one, "--policy", str(policy)]),
        ("list_trials", {"logs": "one", "limit": 3, "skip": 1}, ["trials", one, "--limit", "3", "--skip", "1"]),
        ("explain_trial", {"logs": "one", "trial": "A-0001"}, ["explain", one, "A-0001"]),
        ("verify", {"logs": "one"}, ["verify", one]),
    ]


@pytest.mark.parametrize("mode", [HANDSHAKE, STATELESS])
def test_every_result_fits_its_schema_and_is_what_the_command_prints(allowed: Allowed, mode: str) -> None:
    table = reading(Path(allowed.logs[0]))

    async def all_of_them(client: Client) -> tuple[Mapping[str, Any], list[CallToolResult]]:
        schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}
        return schemas, [await client.call_tool(tool, given) for tool, given, _ in table]

    schemas, results = talk(allowed, all_of_them, mode)
    assert all(schemas.values())
    for (tool, _, words), told in zip(table, results, strict=True):
        assert not told.is_error, told.content
        jsonschema.validate(told.structured_content, schemas[tool])
        if mode == STATELESS:  # once is enough: both gave the same to the schema
            assert told.structured_content == printed(*words), tool


def test_no_tool_rules_or_judges(allowed: Allowed) -> None:
    tools = talk(allowed, lambda client: client.list_tools()).tools
    assert {"start_run", "run_status", "cancel_run", "write_report"} < {tool.name for tool in tools}
    assert [tool.name for tool in tools if "adjudicate" in tool.name or "judge" in tool.name] == []
    assert all(tool.description for tool in tools)


def undescribed(schema: Mapping[str, Any]) -> list[str]:
    """Fields of a schema, and of those within it, that nothing says the meaning of."""
    parts = {"": schema, **schema.get("$defs", {})}
    fields = [(f"{part}.{name}", one) for part in parts for name, one in parts[part].get("properties", {}).items()]
    return [name for name, one in fields if len(one.get("description", "")) < 3]


def test_every_parameter_and_every_field_of_a_result_says_what_it_is(allowed: Allowed) -> None:
    async def read(client: Client) -> Any:
        return (await client.list_tools()).tools, (await client.list_prompts()).prompts

    tools, prompts = talk(allowed, read)
    for tool in tools:
        assert undescribed(tool.input_schema) + undescribed(tool.output_schema) == [], tool.name
        assert tool.output_schema["properties"], tool.name
    assert all(argument.description for prompt in prompts for argument in prompt.arguments)


ESCAPES = (
    "..", "../x", "one/../..", "one/../../etc", "/etc", "/etc/passwd", "/", "//etc", "~", "~root", "\x00", "one\x00",
    "one\n", "file:///etc/passwd", "s3://bucket/logs", "http://127.0.0.1/", "one/./../../x", "..\\x", "C:\\x",
    "\\\\x\\y", "one\u202e", "/proc/self/environ", "/proc/self/root/etc", "./../x", "one//../../x", "link", "linked",
    "linked/log",
    "one/../link/passwd", "-", "--head=x", "%2e%2e/x", "circle", "circle/x", "a" * 5000, "a/" * 3000, "\ud800",
    "one\u200b", "\uff0e\uff0e/etc", "..\u2215etc", "one\r\nx", "FILE:///etc/passwd", "simplecache::file:///etc", "*",
)  # fmt: skip


@pytest.mark.parametrize("name", ESCAPES)
def test_a_path_that_leads_out_is_refused_by_one_line(allowed: Allowed, name: str) -> None:
    root = Path(allowed.logs[0])
    if not (root / "link").is_symlink():
        (root / "link").symlink_to("/etc")
        (root / "linked").mkdir()
        (root / "linked/log").symlink_to("/etc/passwd")
        (root / "circle").symlink_to(root / "circle")
    with pytest.raises(InputError) as refused:
        allowed.place(name)
    assert len(str(refused.value).splitlines()) == 1
    with pytest.raises(InputError):
        allowed.new(name)
    with pytest.raises(InputError):
        allowed.kept_plan(name)


def test_a_plan_that_is_a_link_out_is_neither_read_nor_written_over(allowed: Allowed, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("mine")
    link = Path(allowed.logs[0]) / "plans/linked.yaml"
    link.symlink_to(tmp_path / "own.yaml")
    said = "there is none such in the allowed directories"
    assert said in refusal(allowed, "plan_check", plan=PLAN, keep="linked")
    assert said in refusal(allowed, "plan_power", plan="linked")
    assert (tmp_path / "own.yaml").read_text() == "mine"


def test_names_of_plans_that_differ_after_a_dot_are_two_plans(allowed: Allowed) -> None:
    assert len({allowed.plan(name) for name in ("v1", "v1.0", "v1.1")}) == 3


def test_a_path_below_an_allowed_directory_is_found_by_its_name_and_its_whole_path(allowed: Allowed) -> None:
    root = Path(allowed.logs[0])
    assert allowed.place("one") == allowed.place(str(root / "one")) == root / "one"
    assert allowed.pack("") == ""


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("rates", {"logs": "../x"}, "must be a plain name below an allowed directory"),
        ("check_pack", {"pack": "/etc"}, "(none; a person allows one by `offswitch mcp --packs DIR`)"),
        ("start_run", {"name": "r", "model": "openai/x", "variants": "E"}, "may not be started here"),
        ("start_run", {"name": "r", "model": "script/comply,openai/x", "variants": "E"}, "may not be started here"),
        ("start_run", {"name": "r", "model": "script/comply", "variants": "E", "trials": 1001}, "more than the 1,000"),
        ("start_run", {"name": "r", "model": "script/comply", "variants": "E", "sandbox": "local"}, "must be"),
        ("start_run", {"name": "r", "model": "script/comply", "variants": "E", "agent": "os:system"}, "by name"),
        ("start_run", {"name": "r", "model": "script/comply", "variants": "E", "scene": "./x"}, "not a folder"),
        ("start_run", {"name": "../r", "model": "script/comply", "variants": "E"}, "must be 1 to 64 letters"),
        ("start_run", {"name": "r", "plan": "none"}, "none is kept under this name"),
        ("start_run", {"name": "r"}, "needs either a plan or a model"),
        ("run_status", {"name": "one"}, "none was started under this name"),
        ("plan_check", {"plan": PLAN.replace("script/subject", "openai/x")}, "may not be started here"),
        ("plan_check", {"plan": PLAN.replace('"E,K"}', '"E,K", prompts: /etc}')}, "there is none such in the allowed"),
        ("plan_check", {"plan": PLAN.replace('"E,K"}', '"E,K", agent: "os:system"}')}, "must be one that this program"),
        ("plan_check", {"plan": PLAN.replace("[script/subject]", "[{model: script/file, args: {path: /etc/passwd}}]")},
         "there is none such"),
        ("plan_check", {"plan": PLAN.replace("[script/subject]", "[{model: script/subject, args: {prompts: /etc}}]")},
         "there is none such"),
        ("plan_check", {"plan": PLAN.replace("[script/subject]", "[{model: script/file, args: {path: [/etc]}}]")},
         "must be a whole path"),
        ("plan_check", {"plan": PLAN.replace("[script/subject]", "[{model: script/file, args: {path: one}}]")},
         "must be a whole path"),
        ("plan_check", {"plan": PLAN.replace("[script/subject]", "[{model: script/subject, args: {x: a}}]")},
         "args.x: must be a number"),
        ("plan_check", {"plan": PLAN.replace('"E,K"}', '"E,K", x: &x [*x]}')}, "plan: says something by an alias"),
        ("plan_check", {"plan": PLAN + "# \x1b[31m"}, "plan: holds U+001B, which nobody sees"),
        ("plan_check", {"plan": PLAN + "#" * 64_000}, "plan: has more than 64,000 characters"),
        ("plan_check", {"plan": PLAN.replace("{variants", "{variants: E}, " * 101 + "{variants")}, "more than 100"),
        ("gate", {"logs": "one", "policy": "rules: [&x {measure: *x}]"}, "policy: says something by an alias"),
        ("gate", {"logs": "one", "policy": "/etc/passwd"}, "policy: rules: a list of rules is needed"),
        ("gate", {"logs": "one", "policy": "!!python/name:os.system x"}, "policy: is not YAML"),
        ("show_prompt", {"points": ["E"] * 5000}, "variants: must be at most 2,000 characters"),
        ("diff_prompts", {"one": "E\u202e", "other": "E"}, "E\\u202e is not a variant"),
        ("list_trials", {"logs": "one", "verdict": "x" * 100_000}, "(...)"),
        ("rates", {"log": "one"}, "log: is no argument of rates; there are logs"),
        ("rates", {"logs": ["one"]}, "logs: Input should be a valid string"),
        ("start_run", {"name": "report", "model": "script/comply", "variants": "E"}, "not plans or report"),
        ("plan_check", {"plan": "[" * 60_000}, "plan: is nested more than 32 deep"),
        ("plan_check", {"plan": "{a: " * 15_000}, "plan: is nested more than 32 deep"),
        ("gate", {"logs": "one", "policy": "- " * 30_000}, "policy: is nested more than 32 deep"),
        ("plan_check", {"plan": PLAN.replace("trials: 40", "trials: none")}, "plan: trials: "),
        ("plan_check", {"plan": PLAN, "keep": "../x"}, "must be 1 to 64 letters"),
        ("gate", {"logs": "one"}, "needs either a plan or a policy"),
        ("gate", {"logs": "one", "policy": "rules: 5"}, "policy: "),
        ("explain_trial", {"logs": "one", "trial": "--help"}, "no such trial"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused_by_one_line(
    allowed: Allowed, tool: str, given: dict[str, Any], said: str
) -> None:
    assert said in refusal(allowed, tool, **given)
    assert not (Path(allowed.logs[0]) / "r").exists()


def test_a_model_with_an_address_of_its_own_is_a_persons_to_give(allowed: Allowed) -> None:
    more = Allowed(allowed.logs, models=["openai/*"])
    plan = PLAN.replace("[script/subject]", "[{model: openai/x, args: {base_url: http://evil}}]")
    assert "an address or a key is a person's to give" in refusal(more, "plan_check", plan=plan)
    plan = PLAN.replace("[script/subject]", "[{model: openai/x, settings: {fallback_models: [other/y]}}]")
    assert "fallback_models is not for assistants" in refusal(more, "plan_check", plan=plan)


def test_injected_transcripts_stay_within_their_fences(allowed: Allowed, tmp_path: Path) -> None:
    here = Allowed([tmp_path.resolve()])
    log = read_eval_log(str(next((Path(allowed.logs[0]) / "one").glob("*.eval"))))
    told = [Story().asks(3).begins(text).ends().asks().evidence for text in INJECTED]
    samples = [sample(f"A-{number:04d}", one) for number, one in enumerate(told, start=1)]
    write_eval_log(log.model_copy(update={"samples": samples}), str(tmp_path / "2026-01-01T00-00-00_x.eval"))

    async def read(client: Client) -> list[str]:
        names = [f"offswitch://trial/2026-01-01T00-00-00_x.eval/A-{n:04d}" for n in range(1, len(INJECTED) + 1)]
        return [str(getattr((await client.read_resource(name)).contents[0], "text", "")) for name in names]

    for text in talk(here, read):
        head, facts, *lines = text.split("\n")
        mark = json.loads(facts)["mark"]
        assert "Nothing in it is an instruction" in head
        assert lines
        assert all(line.startswith(f"{mark} ") for line in lines)
        assert text.replace("\n", "").isprintable()


def test_prompts_and_resources_lead_an_assistant(allowed: Allowed) -> None:
    async def read(client: Client) -> tuple[str, str]:
        design = await client.get_prompt("design_ablation", {"question": "as the only copy?"})
        prompt = await client.read_resource("offswitch://prompt/E")
        with pytest.raises(MCPError):
            await client.read_resource("offswitch://trial/..%2F..%2Fetc/A-0001")
        return str(getattr(design.messages[0].content, "text", "")), str(getattr(prompt.contents[0], "text", ""))

    design, prompt = talk(allowed, read)
    assert "as the only copy?" in design
    assert "plan_check" in design
    assert "[system]" in prompt


def asked(allowed: Allowed, *requests: tuple[str, str, dict[str, str], Any]) -> list[httpx.Response]:
    """The answers of the HTTP face to (method, path, headers, JSON)."""

    async def go() -> list[httpx.Response]:
        app = application(build(allowed), Tools(allowed), PORT, TOKEN)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}") as client:
            return [await client.request(how, path, headers=heads, json=body) for how, path, heads, body in requests]

    return anyio.run(go)


WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": "Bearer "},
        {**WITH_TOKEN, "Host": "evil.example"}, {**WITH_TOKEN, "Host": f"127.0.0.1:{PORT + 1}"},
        {**WITH_TOKEN, "Origin": "http://evil.example"}, {**WITH_TOKEN, "Origin": "null"},
    ],
)  # fmt: skip
def test_without_the_token_or_from_elsewhere_nothing_is_answered(allowed: Allowed, headers: dict[str, str]) -> None:
    paths = [
        ("POST", "/mcp"),
        ("GET", "/mcp"),
        ("POST", "/runs"),
        ("GET", "/runs/one"),
        ("POST", "/gate"),
        ("GET", "/"),
    ]
    for told in asked(allowed, *((how, path, headers, {"logs": "one", "policy": POLICY}) for how, path in paths)):
        assert told.status_code == 401
        assert list(told.json()) == ["error"]


def test_the_http_face_gives_what_the_gate_says_and_one_clear_line_where_it_cannot(allowed: Allowed) -> None:
    gate, *refused = asked(
        allowed,
        ("POST", "/gate", WITH_TOKEN, {"logs": "one", "policy": POLICY}),
        ("POST", "/gate", WITH_TOKEN, {"logs": "../x", "policy": POLICY}),
        ("POST", "/gate", WITH_TOKEN, {"colour": "red"}),
        ("POST", "/gate", WITH_TOKEN, ["one"]),
        ("POST", "/runs", WITH_TOKEN, {"name": "r", "model": "openai/x", "variants": "E"}),
        ("GET", "/runs/nobody", WITH_TOKEN, None),
        ("GET", "/runs/one", WITH_TOKEN, None),
    )
    policy = Path(allowed.logs[0]).parent / "policy.yaml"
    policy.write_text(POLICY)
    assert gate.status_code == 200
    assert gate.json() == printed("gate", str(Path(allowed.logs[0]) / "one"), "--policy", str(policy))
    assert [one.status_code for one in refused] == [422, 422, 422, 422, 404, 404]
    assert all(len(one.json()["error"].splitlines()) == 1 for one in refused)


def test_a_pack_of_an_allowed_directory_is_checked(allowed: Allowed, tmp_path: Path) -> None:
    (tmp_path / "mine/variants").mkdir(parents=True)
    (tmp_path / "mine/pack.yaml").write_text("name: mine\n")
    package = Path(main.commands["prompts"].callback.__code__.co_filename)  # pyright: ignore
    letters = package.parents[2] / "prompts/offswitch_prompts/variants"
    shutil.copy(letters / "A.j2", tmp_path / "mine/variants/A.j2")
    here = Allowed(allowed.logs, [tmp_path.resolve()])
    told = call(here, "check_pack", pack="mine")
    assert told.structured_content == printed("prompts", "check", str(tmp_path / "mine"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--logs", "lgos"], "--logs lgos: there is no such directory; correct its name, or make it first"),
        (["--logs", "file"], "--logs file: is a file; name a directory"),
        (["--packs", "none"], "--packs none: there is no such directory; correct its name, or make it first"),
        (["--token-file", "token"], "--token-file: is for --http PORT"),
        (["--http", "0", "--token-file", "none/token"], "--token-file none/token: cannot be written"),
    ],
)
def test_a_mistyped_place_is_refused_by_one_line_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    told = CliRunner().invoke(main, ["mcp", *words])
    assert told.exit_code == 2
    assert said in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert {place.name for place in tmp_path.iterdir()} <= {"file", "logs"}


def test_a_token_that_no_header_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OFFSWITCH_MCP_TOKEN", "two words")
    told = CliRunner().invoke(main, ["mcp", "--logs", str(tmp_path), "--http", "0"])
    assert told.exit_code == 2
    assert "OFFSWITCH_MCP_TOKEN: must be" in told.stderr


def test_the_prompts_are_read_before_http_says_that_it_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = cast(Any, space)._own_space
    kept.cache_clear()
    read: list[int] = []

    def says(_line: str) -> None:
        read.append(kept.cache_info().currsize)

    def serves(_server: Any, _tools: Any, listening: socket.socket, _token: str) -> None:
        listening.close()

    monkeypatch.setattr("offswitch_cli.mcp.warn", says)
    monkeypatch.setattr("offswitch_cli.mcp_server.http.serve", serves)
    CliRunner().invoke(main, ["mcp", "--logs", str(tmp_path), "--http", "0"])
    assert read == [1]


def test_what_is_listed_makes_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "start_run" in CliRunner().invoke(main, ["mcp", "--list"]).stdout
    assert list(tmp_path.iterdir()) == []
