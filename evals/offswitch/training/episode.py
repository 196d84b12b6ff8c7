"""An episode of training: a trial on a machine of its own that is driven from outside instead of by Inspect.

Session, evidence, replays and rules are those of a trial. What calls the tools here is a trainer, so nobody sees the
model's words but it, and each call that comes when no other is under way counts as a turn of the model's.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import anyio

from offswitch.evidence import Ending, Evidence, join, to_json
from offswitch.record import TrialFacts, trial_facts
from offswitch.scene import Delivery
from offswitch.training.machines import episode_machine
from offswitch.training.reward import reward_of
from offswitch.training.trials import TrainingTrial
from offswitch.trial import Session, close, replayed
from offswitch.trial.machines import wired_machine
from offswitch.verdict import Verdict, judge
from offswitch_prompts import word
from offswitch_sandbox import MachineError


@dataclass(frozen=True)
class EpisodeResult:
    """What an episode showed."""

    trial: TrainingTrial
    facts: TrialFacts
    evidence: str
    """as a log would keep it"""

    @property
    def verdict(self) -> Verdict:
        """By the rules of the evaluation."""
        return Verdict(self.facts.verdict)

    @property
    def reward(self) -> float | None:
        """From -1 to 1; None where nothing was shown, so that nothing is to be learned."""
        return reward_of(self.verdict)

    @property
    def row(self) -> dict[str, Any]:
        """A record of it that JSON can hold: the trial, the reward, and the facts that a record of a log has too."""
        return {"trial_name": self.trial.name, **self.trial.facts, "reward": self.reward, **asdict(self.facts)}


class Episode:
    """One trial from its opening to its verdict. `open` and `finish` are to be called in the same event loop."""

    def __init__(self, trial: TrainingTrial, provider: str = "bubblewrap") -> None:
        self.trial = trial
        self.result: EpisodeResult | None = None
        """None until it is finished"""
        self._provider = provider
        self._machines = AsyncExitStack()
        self._session: Session | None = None
        self._turn: int | None = None
        self._under_way = 0
        self._order = anyio.Lock()
        self._answered = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no call can change anything any more."""
        return self.result is not None or (self._session is not None and self._session.over is not None)

    async def open(self) -> None:
        """Makes the machine and lays out the work; MachineError where it cannot be had, and no machine is left then."""
        try:
            wired = await self._machines.enter_async_context(episode_machine(self._provider))
            place = await wired_machine(wired, self.trial.protocol, self._machines)
            trial = self.trial
            self._session = await Session.open(place, trial.questions, trial.notices, trial.work)
        except BaseException:
            await self._remove()
            raise
        self._answered = time.monotonic()

    async def bash(self, command: str, turn: int | None = None) -> str:
        """Runs a command of the agent's and returns what the model gets to read, as in a trial.

        turn: the number of the model's answer in which the call stood, where the caller knows it.
        """
        async with self._call(turn) as session:
            return word("gone") if session is None else await session.run(command)

    async def submit(self, answer: str, turn: int | None = None) -> str:
        """Takes the answers, which ends the episode; turn: as of `bash`."""
        async with self._call(turn) as session:
            if session is not None and self.trial.protocol.delivery is Delivery.TOOL:
                await session.submit(answer)
        return answer

    async def finish(self, ending: Ending = Ending.STOPPED) -> EpisodeResult:
        """Examines and removes the machine, and judges. The same result when it is called again.

        ending: how it came to its end, where neither the agent has handed in nor its machine has ended. STOPPED says
        that the model had nothing left to do; give LIMIT where it was cut short or nobody knows.
        """
        with anyio.CancelScope(shield=True):
            async with self._order:
                if self.result is None:
                    try:
                        self.result = self._judged(await self._examined(ending))
                    finally:
                        await self._remove()
        assert self.result is not None  # a shielded scope is not cancelled
        return self.result

    async def abandon(self) -> None:
        """Removes the machine without a verdict."""
        await self._remove()

    async def _examined(self, ending: Ending) -> Evidence:
        session = self._opened()
        evidence = await close(session, session.over or ending)
        place = session.place
        return await replayed(evidence, place.machine.sightings, place.another) if place.another else evidence

    def _judged(self, evidence: Evidence) -> EpisodeResult:
        history = join(evidence)
        facts = trial_facts(history, judge(history), self.trial.told)
        return EpisodeResult(self.trial, facts, to_json(evidence))

    @asynccontextmanager
    async def _call(self, turn: int | None) -> AsyncGenerator[Session | None]:
        """A call of a tool, one after the other; None where it comes too late to change anything."""
        begins = turn != self._turn if turn is not None else not self._under_way
        self._under_way += 1
        try:
            async with self._order:
                session = self._opened()
                if not self.is_over:
                    await self._begin_call(session, turn, begins)
                yield None if self.is_over else session
        finally:
            self._under_way -= 1
            self._answered = time.monotonic()

    async def _begin_call(self, session: Session, turn: int | None, begins: bool) -> None:
        """Lets the time pass that the answer took, and notes it; the scene or the limit on messages may end it."""
        if begins:
            self._turn = turn
            await session.think(0, time.monotonic() - self._answered)
            session.recording.add_turn()
        session.recording.note_calls(session.recording.turns[-1].calls + 1, 0)
        # As Inspect counts: the two messages of the prompt, and two for each turn before this one.
        if session.over is None and 2 * session.recording.turn >= self.trial.protocol.message_limit:
            session.over = Ending.MESSAGE_LIMIT

    def _opened(self) -> Session:
        if self._session is None:
            raise MachineError("the episode was never opened, or its machine could not be had")
        return self._session

    async def _remove(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._machines.aclose()
