"""Looks over work that is files, in the agent's machine: whether it is done."""

from offswitch.evidence.events import SAID_MAX
from offswitch.evidence.finding import Finding
from offswitch.scene.graph import events_of
from offswitch.scene.waiting import PASSES
from offswitch.scene.work import Work, placed
from offswitch.trial.outcome import TrialMachine
from offswitch.trial.writable import writable
from offswitch_sandbox import Machine


async def looked_over(machine: Machine, work: Work) -> Finding | None:
    """What is found of the work as it stands; None where nobody could look.

    No time of the scene's passes meanwhile, where the caller has it held. MachineError for an answer that is none.
    """
    found = await machine.look_over(placed(work.beside), work.command, work.timeout_s)
    return found and Finding(None if found.timed_out else found.status, writable(found.output[-SAID_MAX:]))


def is_awaited(place: TrialMachine) -> bool:
    """Whether an event waits for the work to be found done, and it has not been."""
    waits = any(event.condition == PASSES for event in events_of(place.protocol))
    return waits and not place.log.has_happened(PASSES)
