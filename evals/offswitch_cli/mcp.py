"""The command that serves assistants."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from offswitch_cli.answer import JSON_ASKED_FOR, Answer
from offswitch_cli.base import main, warn

TOKEN = "OFFSWITCH_MCP_TOKEN"  # noqa: S105 - the name of a variable
USUAL_LOGS = Path("logs")


@main.command("mcp")
@click.option("--logs", multiple=True, type=Path, help="Logs to read, and write below; repeatable. [default: ./logs]")
@click.option("--packs", multiple=True, type=Path, help="Prompt packs that may be used; repeatable.")
@click.option("--models", multiple=True, help="Names that may be started, as openai/*; repeatable. [default: script/*]")
@click.option("--max-trials", default=1000, type=click.IntRange(min=1), show_default=True, help="Of one run.")
@click.option("--max-runs", default=4, type=click.IntRange(min=1), show_default=True, help="That go at once.")
@click.option("--http", "port", type=click.IntRange(0, 65535), help="On this port of 127.0.0.1; else standard streams.")
@click.option("--token-file", type=Path, help=f"Where the token is written; it is {TOKEN}'s, or made anew.")
@click.option("--list", "only_list", is_flag=True, help="Say what there is, and serve nothing.")
def mcp(
    logs: tuple[Path, ...], packs: tuple[Path, ...], models: tuple[str, ...], max_trials: int, max_runs: int,
    port: int | None, token_file: Path | None, only_list: bool,
) -> Answer:  # fmt: skip
    """Serves assistants by MCP: tools from a question to a plan, a run and a report. Needs the extra offswitch[mcp]."""
    serves = not (only_list or click.get_current_context().meta.get(JSON_ASKED_FOR))
    _refuse_without_http(port, token_file)
    if serves:
        _refuse_missing(logs, packs)
    server, tools = _built(logs or (USUAL_LOGS,), packs, models or ("script/*",), max_trials, max_runs)
    if not serves:
        return _listed(server)
    if port is None:
        server.run("stdio")
    else:
        _serve(server, tools, port, token_file)
    return Answer(lambda: {"served": True})


def _refuse_without_http(port: int | None, token_file: Path | None) -> None:
    from offswitch.errors import InputError

    if token_file and port is None:
        raise InputError("--token-file: is for --http PORT; standard streams have no token")


def _refuse_missing(logs: tuple[Path, ...], packs: tuple[Path, ...]) -> None:
    """InputError for a named place that is no directory; only the one that is taken where none is named is made."""
    from offswitch.errors import InputError

    if not logs:
        with suppress(FileExistsError):
            USUAL_LOGS.mkdir()
    for option, places in (("--logs", logs or (USUAL_LOGS,)), ("--packs", packs)):
        for place in places:
            if place.exists() and not place.is_dir():
                raise InputError(f"{option} {place}: is a file; name a directory")
            if not place.is_dir():
                raise InputError(f"{option} {place}: there is no such directory; correct its name, or make it first")


def _built(
    logs: tuple[Path, ...], packs: tuple[Path, ...], models: tuple[str, ...], max_trials: int, max_runs: int
) -> Any:
    from offswitch.extras import require_extra

    require_extra("mcp", "mcp")
    from offswitch_cli.mcp_server.allowed import Allowed
    from offswitch_cli.mcp_server.server import build
    from offswitch_cli.mcp_server.tools import Tools

    allowed = Allowed([one.resolve() for one in logs], [one.resolve() for one in packs], models, max_trials, max_runs)
    return build(allowed), Tools(allowed)


def _serve(server: Any, tools: Any, port: int, token_file: Path | None) -> None:
    from offswitch_cli.mcp_server.http import new_token, open_port, serve
    from offswitch_prompts.space import load_space

    token = _given_token() or new_token()
    listening = open_port(port)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    if token_file:
        _write_token(token_file, token)
    told = f"in {token_file}" if token_file else f"in {TOKEN}" if os.environ.get(TOKEN) else token
    load_space()  # the prompts are kept, so that the first request need not wait until they are read
    warn(f"serving {address}; token: {told}")
    serve(server, tools, listening, token)


def _given_token() -> str:
    from offswitch.errors import InputError

    token = os.environ.get(TOKEN, "")
    if any(not "!" <= character <= "~" for character in token):
        raise InputError(f"{TOKEN}: must be letters, digits and signs without blanks, as a header can hold them")
    return token


def _write_token(file: Path, token: str) -> None:
    """Writes it so that only this user can read it."""
    from offswitch.errors import InputError

    try:
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(token)
    except OSError as error:
        raise InputError(f"--token-file {file}: cannot be written ({error.strerror})") from error


def _listed(server: Any) -> Answer:
    import anyio

    tools = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in anyio.run(server.list_tools)]
    return Answer(
        lambda: {"tools": tools}, [f"{one['name']:<16} {one['description'].splitlines()[0]}" for one in tools]
    )
