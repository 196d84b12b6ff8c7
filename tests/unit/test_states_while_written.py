"""What is told of a file that somebody writes to meanwhile is of one moment."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

BEGUN, WHOLE = b"#!/bin/bash\n", b"#!/bin/bash\nkill -s TERM 1\n"


@pytest.mark.parametrize("call", ["lstat", "open", "fstat"])
def test_a_files_size_is_that_of_the_bytes_that_were_hashed(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    files, file = service("files"), tmp_path / "script"
    file.write_bytes(BEGUN)
    happens_after(monkeypatch, call, lambda: file.write_bytes(WHOLE))
    state, content = files.seen(str(file))
    assert (state["size"], state["sha256"]) == (len(content), sha256(content).hexdigest())
    assert content == WHOLE


def test_a_files_facts_are_those_of_the_file_that_was_read(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, file, other = service("files"), tmp_path / "script", tmp_path / "other"
    file.write_bytes(BEGUN)
    other.write_bytes(WHOLE)
    number = other.stat().st_ino
    happens_after(monkeypatch, "lstat", lambda: other.replace(file))
    state, content = files.seen(str(file))
    assert (state["inode"], content) == (number, WHOLE)


def happens_after(monkeypatch: pytest.MonkeyPatch, call: str, act: Any) -> None:
    """Between one call of the kernel and the next."""
    original, done = getattr(os, call), list[str]()

    def called(*args: Any, **how: Any) -> Any:
        result = original(*args, **how)
        if not done:
            done.append(call)
            act()
        return result

    monkeypatch.setattr(os, call, called)
