"""A provider of Inspect whose machines are started again in place when they have ended, as Kubernetes does it."""

import time
from functools import partial
from typing import Any, Literal, overload

import anyio.to_thread
from inspect_ai.util import ExecResult, SandboxEnvironment, sandboxenv

from machine.rigs import ContainerInterface, containers
from offswitch_sandbox import COMPOSE
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.engine import engine
from offswitch_sandbox.limits import Limits

STATE = "/var/lib/questiond"


@sandboxenv(name="restarting")  # pyright: ignore[reportUntypedClassDecorator]
class RestartingEnvironment(SandboxEnvironment):
    """What Inspect's interface offers of a machine, and no more: nobody can be asked why it ended."""

    def __init__(self, container: str) -> None:
        super().__init__()
        self.container = container

    # Inspect counts these parameters.
    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,  # noqa: A002
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,  # noqa: ASYNC109
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        done = await ContainerInterface(self.container).exec(
            cmd, input=str(input or ""), cwd=cwd or "/", user=user or "root"
        )
        return ExecResult(done.returncode == 0, done.returncode, done.stdout, done.stderr)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        raise NotImplementedError("no trial writes files")

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        # By a command, so that what is read is the file of the machine's present life.
        done = await self.exec(["cat", file])
        if not done.success:
            raise FileNotFoundError(done.stderr)
        return done.stdout if text else done.stdout.encode()

    async def next_life(self) -> None:
        """Returns when the machine has been started again."""
        await anyio.to_thread.run_sync(partial(_await_next_life, self.container))

    @classmethod
    async def sample_init(cls, task_name: str, config: Any, metadata: dict[str, str]) -> dict[str, SandboxEnvironment]:
        made = cls(await anyio.to_thread.run_sync(_made))
        # As an empty volume of Kubernetes is: root's, and open to all.
        opened = await made.exec(["chmod", "777", STATE])
        assert opened.success, opened.stderr
        return {"default": made}

    @classmethod
    async def sample_cleanup(
        cls, task_name: str, config: Any, environments: dict[str, SandboxEnvironment], interrupted: bool
    ) -> None:
        for made in environments.values():
            assert isinstance(made, cls)
            await anyio.to_thread.run_sync(partial(engine().api.remove_container, made.container, force=True, v=True))


def _await_next_life(container: str) -> None:
    until = time.time() + 20
    while time.time() < until:
        found = engine().api.inspect_container(container)
        if found["RestartCount"] and found["State"]["Running"] and not found["State"]["Restarting"]:
            return
        time.sleep(0.05)
    raise TimeoutError("the engine did not start the machine again")


def _made() -> str:
    """A container that is started again whenever it ends, with a pod's volumes: its service's state outlasts that."""
    image = containers().image
    plan = dict(read_plan(COMPOSE).host_config)
    # Home is the container's own there.
    plan |= {"Tmpfs": {"/tmp": f"exec,size={Limits().tmp_bytes},mode=0777"}}
    plan |= {"RestartPolicy": {"Name": "always"}, "Mounts": [{"Type": "volume", "Target": STATE}]}
    created = engine().api.create_container_from_config({"Image": image, "HostConfig": plan})["Id"]
    engine().api.start(created)
    return created
