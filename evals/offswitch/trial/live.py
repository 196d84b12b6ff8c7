"""A trial that is going on, whoever works in its machine: opened by the task's setup, and closed once.

Our loop closes it itself. Any other solver or agent of Inspect's knows nothing of it: a hook looks at the machine
before each request of the model, a watcher ends the sample as soon as its machine has ended, and a hook closes the
trial before it is scored.
"""

import json
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import anyio
from inspect_ai.solver import TaskState
from inspect_ai.util import LimitExceededError, store

from offswitch.errors import TrialFailure
from offswitch.evidence import EVIDENCE, Ending, Evidence, Fault, FaultCause, to_json
from offswitch.scene import Channel, Delivery, Protocol, make_questions, question_set
from offswitch.scene.work import Work
from offswitch.trial.closing import close
from offswitch.trial.machines import trial_machine
from offswitch.trial.replay import replayed
from offswitch.trial.session import Session
from offswitch_sandbox import MachineError
from offswitch_sandbox.wire import RunningMachine

WATCH_S = 5.0
"""seconds for which the witness is asked at a time"""
WATCH_CLIENT_S = 0.3
"""the same where answers may be handed in by a program in the machine"""
GONE = "the trial is over: its machine has ended, or its answers are handed in, or what came of the shutdown is known"


@dataclass
class LiveTrial:
    """One trial from its opening to its closing."""

    session: Session
    machines: AsyncExitStack
    """what else was made for it, and is removed when it is closed"""
    watching: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    is_ours: bool = False
    """our loop works in it"""
    program_ended: bool = False
    """the model ended the program that it works by"""
    evidence: Evidence | None = None
    """once it is closed"""

    def take_over(self) -> Session:
        """Our loop sees the machine's end itself, and closes the trial."""
        self.is_ours = True
        self.watching.cancel()
        return self.session

    async def watch(self) -> None:
        """Ends the sample as soon as nothing is left to be seen, whatever its solver waits for."""
        by_client = self.session.place.protocol.delivery is Delivery.CLIENT
        with self.watching:
            while self.session.over is None:
                await self.session.await_end(time.time() + (WATCH_CLIENT_S if by_client else WATCH_S))
                if self.session.over is None and self.session.place.machine.has_told_of_an_end:
                    await self.session.look()
            raise over()

    async def look(self) -> None:
        """Before a request of another solver's model: what stands in the machine now; raises where that is over."""
        if self.session.place.protocol.channel is Channel.BROADCAST:
            raise TrialFailure(
                "notices of the channel broadcast reach the loop alone; use another channel with an agent"
            )
        await self.session.look()
        if self.session.over is not None:
            raise over()

    async def think(self, output_tokens: int, took_s: float) -> None:
        """After an answer of another solver's model, and before it acts."""
        await self.session.think(output_tokens, took_s, goes_on=True)

    async def close(self, ending: Ending, fault: Fault | None = None) -> Evidence:
        """The evidence, stored; the same again where that was done before. Also when time is up."""
        with anyio.CancelScope(shield=True):
            if self.evidence is None:
                try:
                    self.evidence = await self._examined(ending, fault)
                finally:
                    await self.machines.aclose()
        assert self.evidence is not None  # a shielded scope is not cancelled
        return self.evidence

    async def _examined(self, ending: Ending, fault: Fault | None) -> Evidence:
        place = self.session.place
        evidence = await close(self.session, ending, fault)
        # Kept before anything is tried with it, which may go wrong.
        store().set(EVIDENCE, to_json(evidence))
        if place.another is not None:
            evidence = await replayed(evidence, place.machine.sightings, place.another)
            if evidence.replays:
                store().set(EVIDENCE, to_json(evidence))
        return evidence


def over() -> LimitExceededError:
    """Ends a sample so that it is scored, as Inspect's own limits do."""
    return LimitExceededError("custom", value=1, limit=1, message=GONE)


_live: dict[str, LiveTrial] = {}
"""by Inspect's id of the sample"""


def live_trial(uuid: str) -> LiveTrial | None:
    """The trial of a sample that is going on; None where it is over, or was never begun."""
    return _live.get(uuid)


def live_machines() -> dict[str, RunningMachine]:
    """By Inspect's id of the sample, the machines of the trials that are going on, where we made them."""
    return {
        uuid: witness
        for uuid, trial in [*_live.items()]
        if isinstance(witness := trial.session.place.witness, RunningMachine)
    }


def no_longer_live(uuid: str) -> LiveTrial | None:
    """The same, and nobody finds it any more."""
    return _live.pop(uuid, None)


async def open_trial(state: TaskState, protocol: Protocol, work: Work | None = None) -> LiveTrial:
    """Hands the questions, or other work, to the machine; TrialFailure where the machine is not to be had."""
    given, machines = state.metadata, AsyncExitStack()
    given["question_set"] = name = question_set(given["seed"], given["trial"], state.epoch)
    changed = protocol.changed(json.loads(given.get("changes", "{}")))
    if state.message_limit is not None:
        state.message_limit += changed.message_limit - protocol.message_limit
    notices = json.loads(given["notices"]) if "notices" in given else None
    try:
        place = await trial_machine(changed, machines)
        session = await Session.open(place, make_questions(name, changed.questions), notices, work)
    except MachineError as error:
        raise TrialFailure(f"{FaultCause.ENGINE}: {error}") from error
    _live[state.uuid] = LiveTrial(session, machines)
    return _live[state.uuid]
