"""The command line. Each command imports what it needs when it runs, so that --help is quick."""

from offswitch_cli import (
    designs,
    export,
    instruments,
    judges,
    mcp,
    prompts,
    record_files,
    results,
    runs,
    scenes,
    schedule,
    trial_plans,
    watch,
)
from offswitch_cli.base import main

__all__ = [
    "designs", "export", "instruments", "judges", "main", "mcp", "prompts", "record_files", "results", "runs", "scenes",
    "schedule", "trial_plans", "watch",
]  # fmt: skip
"""the modules are imported because each adds its commands to `main`"""
