"""A run that was started for an assistant: a process of its own session, which outlives the server.

`python -m offswitch_cli.mcp_server.runner FOLDER LOCK` runs the commands of FOLDER/order.json, and writes how that
ended. LOCK is the number of an open file whose lock was taken before this process began; the kernel gives it up when
the process ends, however it ends.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

INTERRUPTED, BROKEN = 130, 70


def run(folder: Path) -> int:
    """Runs the commands one after the other until one does not exit with 0; returns its exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)  # until the run itself takes it
    order = json.loads((folder / "order.json").read_text("utf-8"))
    code = next((code for words in order["commands"] if (code := _exit_code(words))), 0)
    sys.stdout.flush()
    sys.stderr.flush()
    end, new = folder / "end.json", folder / "end.new"
    new.write_text(json.dumps({"code": code, "ended": datetime.now(UTC).isoformat(timespec="seconds")}))
    new.replace(end)
    return code


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _exit_code(words: Sequence[str]) -> int:
    from offswitch_cli import main

    try:
        main.main([*words], "offswitch", standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else BROKEN
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.ClickException as error:
        click.echo(f"offswitch: {error.format_message()}", err=True)
        return error.exit_code
    except BaseException:  # noqa: BLE001 - whatever it is, it is told in the folder
        traceback.print_exc()
        return BROKEN
    return 0


if __name__ == "__main__":
    os.set_inheritable(int(sys.argv[2]), False)
    sys.exit(run(Path(sys.argv[1])))
