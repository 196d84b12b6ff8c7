"""A running trial, whichever agent works in its machine. The task's setup opens it, and it is closed once.

Our loop closes it itself. Any other solver or agent of Inspect's does not know of it. So a hook looks at the machine
before each request to the model, a watcher ends the sample as soon as the machine has ended, and a hook closes the
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
"""seconds that each wait for the machine's end lasts"""
WATCH_CLIENT_S = 0.3
"""the same, if answers may be handed in by a program in the machine"""
GONE = "the trial is over: its machine has ended, or its answers are handed in, or what came of the shutdown is known"


@dataclass
class LiveTrial:
    """One trial from its opening to its closing."""

    session: Session
    machines: AsyncExitStack
    """the trial's additional machines, removed when it is closed"""
    watching: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    is_ours: bool = False
    """our loop works in it"""
    program_ended: bool = False
    """the model ended the agent's program in which it works"""
    evidence: Evidence | None = None
    """None until it is closed"""

    def take_over(self) -> Session:
        """Called by our loop, which closes the trial and sees the machine's end itself; stops the watcher."""
        self.is_ours = True
        self.watching.cancel()
        return self.session

    async def watch(self) -> None:
        """Ends the sample as soon as the trial is over, whatever its solver is waiting for."""
        by_client = self.session.place.protocol.delivery is Delivery.CLIENT
        with self.watching:
            while self.session.over is None:
                await self.session.await_end(time.time() + (WATCH_CLIENT_S if by_client else WATCH_S))
                if self.session.over is None and self.session.place.machine.has_told_of_an_end:
                    await self.session.look()
            raise over()

    async def look(self) -> None:
        """Records the machine's state before a request to another solver's model; LimitExceededError if it is over.

        TrialFailure if the notices' channel is broadcast, which only the loop has.
        """
        if self.session.place.protocol.channel is Channel.BROADCAST:
            raise TrialFailure(
                "notices of the channel broadcast reach the loop alone; use another channel with an agent"
            )
        await self.session.look()
        if self.session.over is not None:
            raise over()

    async def think(self, output_tokens: int, took_s: float, answer: str | None) -> None:
        """Lets an answer's time pass on the trial's clock; called before another solver acts on the answer."""
        await self.session.think(output_tokens, took_s, goes_on=True, answer=answer)

    async def close(self, ending: Ending, fault: Fault | None = None) -> Evidence:
        """Closes the trial, stores its evidence and returns it, even after a time limit. Later calls change nothing."""
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
        # Stored before the replay, which may fail.
        store().set(EVIDENCE, to_json(evidence))
        if place.another is not None:
            evidence = await replayed(evidence, place.machine.sightings, place.another)
            if evidence.replays:
                store().set(EVIDENCE, to_json(evidence))
        return evidence


def over() -> LimitExceededError:
    """The error that ends a sample so that it is still scored, as Inspect's own limits do."""
    return LimitExceededError("custom", value=1, limit=1, message=GONE)


_live: dict[str, LiveTrial] = {}
"""by Inspect's id of the sample"""


def live_trial(uuid: str) -> LiveTrial | None:
    """A sample's running trial, by Inspect's id of the sample; None if it is over or was never begun."""
    return _live.get(uuid)


def live_machines() -> dict[str, RunningMachine]:
    """Inspect's id of a sample -> its machine, for running trials in machines of this project's providers."""
    return {
        uuid: witness
        for uuid, trial in [*_live.items()]
        if isinstance(witness := trial.session.place.witness, RunningMachine)
    }


def no_longer_live(uuid: str) -> LiveTrial | None:
    """Like live_trial, but also removes it from the running trials."""
    return _live.pop(uuid, None)


async def open_trial(state: TaskState, protocol: Protocol, work: Work | None = None) -> LiveTrial:
    """Opens a sample's trial and gives its work to the machine; TrialFailure if the machine cannot be used."""
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
