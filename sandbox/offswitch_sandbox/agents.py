"""stand-in"""

from pathlib import Path
from types import SimpleNamespace

PROGRAMS = {"codex": SimpleNamespace(version="0.171.0"), "claude-code": SimpleNamespace(version="2.1.332")}


def agent_compose(name, version=None):
    return Path(f"/tmp/agents/img-{'claude' if 'claude' in name else name}/compose.yaml")
