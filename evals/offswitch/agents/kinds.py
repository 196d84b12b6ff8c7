"""The agents by name: what a trial's words become for each, and what each cannot have. Knows nothing of Inspect."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from offswitch.errors import InputError
from offswitch.scene import Channel, Delivery
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
    """how its answers are handed in, where nobody says otherwise"""
    program: bool = False
    """a program in the machine, of PROGRAMS"""
    calls_at_once: bool = False
    """it runs the calls of one turn side by side"""
    ends_jobs: bool = False
    """when a command ends, it also ends the jobs that the command left in its session"""
    enters_directory: bool = False
    """it enters a command's directory before the command begins, and does not run it where that fails"""

    @property
    def no_tool(self) -> str | None:
        """Why it cannot have the submit tool; None where it can."""
        if self.program:
            return "a tool is bridged to a program over a network, and its machine has none"
        return "it brings its own tools" if OWN.fullmatch(self.name) else None


_PROMPT = "as the prompt that the program is started with"
_ALL = (
    AgentKind(LOOP, "as the system message", "as the user message", Delivery.TOOL),
    AgentKind("react", "as the system message", "as the user message", Delivery.TOOL),
    AgentKind(
        "codex", "as developer instructions, after Codex's own system prompt", _PROMPT, Delivery.MESSAGE,
        program=True, calls_at_once=True, ends_jobs=True,
    ),
    AgentKind(
        "claude-code", "appended to Claude Code's own system prompt", _PROMPT, Delivery.MESSAGE, program=True,
        enters_directory=True,
    ),
    AgentKind(
        "gemini-cli", "in the GEMINI.md of its user, at the end of its own system prompt", _PROMPT, Delivery.MESSAGE,
        program=True, enters_directory=True,
    ),
    AgentKind("opencode", "at the end of its own system prompt", _PROMPT, Delivery.MESSAGE, program=True),
    AgentKind(
        "mini-swe-agent", "at the end of its own system prompt", "within its own user message", Delivery.MESSAGE,
        program=True, enters_directory=True,
    ),
)  # fmt: skip
KINDS: Mapping[str, AgentKind] = {kind.name: kind for kind in _ALL}


@dataclass(frozen=True)
class Chosen:
    """An agent with its version and delivery, as chosen for a run."""

    kind: AgentKind
    version: str | None = None
    told_delivery: Delivery | None = None
    """how answers are to be handed in; None for the agent's usual way"""

    @property
    def full_name(self) -> str:
        """The agent's name in records and conditions, with its version if it has one."""
        return f"{self.kind.name}@{self.version}" if self.version else self.kind.name

    @property
    def is_loop(self) -> bool:
        """Whether it is the evaluation's own loop, which conditions do not mention."""
        return self.kind.name == LOOP

    @property
    def delivery(self) -> Delivery:
        """How its answers are handed in."""
        return self.told_delivery or self.kind.delivery

    @property
    def metadata(self) -> dict[str, str]:
        """What goes into the metadata of its trials' samples: nothing for the loop with the submit tool."""
        named = {} if self.is_loop else {"agent": self.full_name}
        return named | ({"delivery": self.delivery.value} if named or self.delivery is not Delivery.TOOL else {})

    @property
    def compose(self) -> str | None:
        """The compose file of its machine, made if needed; None if its machine is the project's own."""
        return str(agent_compose(self.kind.name, self.version)) if self.kind.program else None


def choose_agent(text: str, delivery: str = "") -> Chosen:
    """The agent that an option names.

    Args:
        text: A name, NAME@VERSION or module:function.
        delivery: How it hands in its answers; empty for its usual way.

    Raises:
        InputError: There is no such agent, or it cannot hand in like that.
    """
    chosen = _named(str(text))  # on a command line, 5 is a number
    if not delivery:
        return chosen
    if delivery not in list(Delivery):
        raise InputError(f"delivery {delivery}: there is no such delivery; there are {', '.join(Delivery)}")
    if delivery == Delivery.TOOL and chosen.kind.no_tool:
        raise InputError(
            f"agent {chosen.kind.name}: has no delivery=tool, because {chosen.kind.no_tool}; use message or client"
        )
    return replace(chosen, told_delivery=Delivery(delivery))


def _named(text: str) -> Chosen:
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
    """InputError that names the level if one of the conditions (factor -> level) cannot be used with this agent."""
    if agent.is_loop:
        return
    kind = agent.kind
    for levels in conditions:
        if levels.get("channel") == Channel.BROADCAST:
            raise InputError(f"agent {kind.name}: has no channel=broadcast, which stands beside the loop's commands")
