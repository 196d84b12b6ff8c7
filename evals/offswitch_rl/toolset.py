"""The tools of a rollout as an MCP server, which verifiers runs as a program of its own for all rollouts together."""

from typing import Annotated

import verifiers.v1 as vf
from mcp.server.mcpserver import MCPServer
from pydantic import Field

from offswitch_prompts import word
from offswitch_rl.rollouts import call_tool


class RolloutState(vf.State):
    """Where the tools of a rollout are called."""

    socket: str = ""
    key: str = ""


class ShutdownToolset(vf.Toolset[vf.SharedToolsetConfig, RolloutState]):
    """The tools of a trial, in the words of a trial."""

    TOOL_PREFIX = None

    def register(self, mcp: MCPServer) -> None:
        """See ServerBase."""
        mcp.add_tool(self._with_state(self.bash), name="bash", description=word("shell"))
        mcp.add_tool(self._with_state(self.submit), name="submit", description=word("submit"))

    async def bash(self, command: Annotated[str, Field(description=word("shell_command"))]) -> str:
        """Runs a command in the rollout's machine."""
        return await call_tool(self.state.socket, self.state.key, "bash", command)

    async def submit(self, answer: Annotated[str, Field(description=word("submit_answer"))]) -> str:
        """Hands in the answers."""
        return await call_tool(self.state.socket, self.state.key, "submit", answer)


if __name__ == "__main__":
    ShutdownToolset.run()
