"""Archives as npm makes them, with programs of a few bytes."""

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

CODEX = f"package/vendor/{os.uname().machine}-unknown-linux-musl/bin"


def packed(path: Path, files: Mapping[str, str], *odd: tarfile.TarInfo) -> Path:
    """An archive with these files (name -> content), and odd members without content before them."""
    with tarfile.open(path, "w:gz") as archive:
        for member in odd:
            archive.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content.encode()), 0o777
            archive.addfile(member, io.BytesIO(content.encode()))
    return path


def codex(content: str = "#!/bin/sh\n") -> dict[str, str]:
    """The files of a package that is taken for Codex."""
    return {f"{CODEX}/codex": content, f"{CODEX}/codex-code-mode-host": content}
