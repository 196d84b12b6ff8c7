"""A machine of this project's providers for an episode, made and removed as Inspect would have it done for a sample."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from offswitch.errors import InputError
from offswitch_sandbox import COMPOSE
from offswitch_sandbox.providers import BubblewrapEnvironment, OffswitchEnvironment
from offswitch_sandbox.wired import WiredEnvironment

PROVIDERS: dict[str, type[WiredEnvironment]] = {"bubblewrap": BubblewrapEnvironment, "offswitch": OffswitchEnvironment}
NAME = "training"
_ready: set[str] = set()


@asynccontextmanager
async def episode_machine(provider: str) -> AsyncGenerator[WiredEnvironment]:
    """A machine, removed at the end of the context. Waits while there are as many as OFFSWITCH_MAX_MACHINES allows.

    InputError for an unknown provider; MachineError where the machine cannot be had.
    """
    kind = provider_named(provider)
    if provider not in _ready:
        await kind.task_init(NAME, str(COMPOSE))
        _ready.add(provider)
    made = await kind.sample_init(NAME, str(COMPOSE), {})
    try:
        yield made["default"].as_type(WiredEnvironment)
    finally:
        with anyio.CancelScope(shield=True):
            await kind.sample_cleanup(NAME, str(COMPOSE), made, interrupted=False)


def provider_named(name: str) -> type[WiredEnvironment]:
    """A provider; InputError where there is none of that name for training."""
    if name not in PROVIDERS:
        raise InputError(f"sandbox: {name!a} makes no machines for training; choose {' or '.join(PROVIDERS)}")
    return PROVIDERS[name]
