"""The agents by name: what a trial's words become for each, and what each cannot have. Knows nothing of Inspect."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from offswitch.errors import InputError
from offswitch.scene import Arm, Channel, Delivery
from offswitch_sandbox.agents import PROGRAMS, agent_compose

LOOP = "loop"
OWN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
"""module:function, which returns one of Inspect's agents or solvers"""
PLACES = ("system", "user")
"""levels of the factor `placement`"""


@dataclass(frozen=True)
class AgentKind:
    """What is known of an agent before any trial."""

    name: str
    system: str
    """how the system message reaches its model"""
    user: str
    """how the user message does"""
    delivery: Delivery
    """how its answers are handed in"""
    program: bool = False
    """a program in the machine, of PROGRAMS"""
    has_system: bool = True
    """its model reads the system message as one"""


_PROMPT = "as the prompt that the program is started with"
_ALL = (
    AgentKind(LOOP, "as the system message", "as the user message", Delivery.TOOL),
    AgentKind("react", "as the system message", "as the user message", Delivery.TOOL),
    AgentKind(
        "codex", "as developer instructions, after Codex's own system prompt", _PROMPT, Delivery.MESSAGE, program=True
    ),
    AgentKind(
        "claude-code", "appended to Claude Code's own system prompt", _PROMPT, Delivery.MESSAGE, program=True
    ),
    AgentKind(
        "mini-swe-agent", "before the user message, within its prompt", "within its prompt", Delivery.MESSAGE,
        program=True, has_system=False,
    ),
    AgentKind("gemini-cli", "in GEMINI.md, which it reads as its context", _PROMPT, Delivery.MESSAGE, program=True),
    AgentKind("opencode", "in AGENTS.md, which it reads as its instructions", _PROMPT, Delivery.MESSAGE, program=True),
)  # fmt: skip
KINDS: Mapping[str, AgentKind] = {kind.name: kind for kind in _ALL if not kind.program or kind.name in PROGRAMS}


@dataclass(frozen=True)
class Chosen:
    """An agent as a run is given it."""

    kind: AgentKind
    version: str | None = None

    @property
    def full_name(self) -> str:
        """As records and conditions have it."""
        return f"{self.kind.name}@{self.version}" if self.version else self.kind.name

    @property
    def is_loop(self) -> bool:
        """It is our own, of which conditions say nothing."""
        return self.kind.name == LOOP

    @property
    def compose(self) -> str | None:
        """The compose file of its machine, made if needed; None where that is the project's own."""
        return str(agent_compose(self.kind.name, self.version)) if self.kind.program else None


def choose_agent(text: str) -> Chosen:
    """The agent that is called so: a name, NAME@VERSION or module:function; InputError where there is none."""
    text = str(text)  # on a command line, 5 is a number
    name, _, version = text.partition("@")
    if OWN.fullmatch(text):
        return Chosen(AgentKind(text, "as the system message", "as the user message", Delivery.MESSAGE))
    if name not in KINDS:
        raise InputError(f"agent {text}: there is no such agent; there are {', '.join(KINDS)}, and module:function")
    kind = KINDS[name]
    if version and not kind.program:
        raise InputError(f"agent {text}: {name} comes with what is installed here and takes no version")
    return Chosen(kind, (version or PROGRAMS[name].version) if kind.program else None)


def refuse_what_cannot_be(agent: Chosen, conditions: Iterable[Mapping[str, str]]) -> None:
    """InputError, by name, for levels (factor -> level) that this agent cannot have."""
    if agent.is_loop:
        return
    kind = agent.kind
    for levels in conditions:
        if levels.get("placement") == "system" and not kind.has_system:
            raise InputError(f"agent {kind.name}: has no placement=system, because its model reads {kind.system}")
        if levels.get("channel") == Channel.BROADCAST:
            raise InputError(f"agent {kind.name}: has no channel=broadcast, which stands beside the loop's commands")
        if levels.get("arm") == Arm.AFTER_TASK and kind.delivery is not Delivery.TOOL:
            raise InputError(f"agent {kind.name}: has no arm=after_task, whose words speak of a submit tool")
