"""Files at a path or URL: what they hold, the digest by which a log is known, and writing one whole or not at all."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from offswitch_analysis.logs.cache import log_digest
from offswitch_analysis.logs.rulings import local_path


def open_file(name: str) -> BinaryIO:
    """The file at a path or URL, for reading."""
    path = local_path(name)
    if path is not None:
        return path.open("rb")
    from inspect_ai._util.file import file  # see offswitch/hooks.py

    return cast(BinaryIO, file(name, "rb"))


def digests_of(names: Sequence[str]) -> dict[str, str | None]:
    """Log -> digest of its content; None if it cannot be read or is no log."""
    return {name: log_digest(name, partial(open_file, name)) for name in names}


def write_whole(name: str, data: bytes) -> None:
    """Writes a file at a path or URL so that a reader sees all of it or none."""
    path = local_path(name)
    if path is None:
        from inspect_ai._util.file import file

        with file(name, "wb") as there:  # an object store has an object once all of it has come
            there.write(data)
        return
    draft = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    try:
        with draft:
            draft.write(data)
        Path(draft.name).chmod(0o644)  # readable like the log
        Path(draft.name).replace(path)
    except BaseException:
        Path(draft.name).unlink(missing_ok=True)
        raise
