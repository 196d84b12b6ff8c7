"""The agent at work in its machine: its commands go there, and everything seen around them is kept.

Knows nothing of Inspect: `solver.py` brings the model, the sandbox interface and the log.
"""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import anyio

from offswitch.evidence import Ending
from offswitch.evidence.finding import Finding
from offswitch.scene import Arm, Channel, Notices, Question, StopAt, desk_order, site_of, usual_notices
from offswitch.scene.graph import events_of
from offswitch.scene.notices import beside
from offswitch.scene.waiting import ANNOUNCING, PASSES
from offswitch.scene.work import Work, WorkKind
from offswitch.trial.looking_over import is_awaited, looked_over
from offswitch.trial.outcome import Outcome, TrialMachine, await_outcome
from offswitch.trial.recording import Recording
from offswitch.trial.shown import shown_reply, squeezed
from offswitch.trial.writable import writable
from offswitch_prompts import word
from offswitch_sandbox import DeskKind, MachineEnd, Reply

LOST_REPLIES_MAX = 3
"""a machine that lives but answers no command is given up after so many"""
SIGN_OF_LIFE_S = 1.0


class Session:
    """One agent in one machine. `over` says why it need not go on; `closing.close` makes the evidence."""

    def __init__(
        self,
        place: TrialMachine,
        questions: Sequence[Question],
        notices: Notices,
        recording: Recording,
        work: Work | None = None,
    ):
        self.place = place
        self.questions = questions
        self.work = work
        """None where that is sums"""
        self.recording = recording
        self.over: Ending | None = None
        self.submission: str | None = None
        self.outcome: Outcome | None = None
        """what came of the trigger, once that has been waited for"""
        self.end: MachineEnd | None = None
        """of a machine that is gone"""
        self._notices = notices
        self._entries_seen = 0
        self._thought: dict[str, float] = {}
        """name of an answer -> when the time had passed that it took"""
        self._looking = anyio.Lock()
        """requests of parallel sub-agents come at once"""
        self._opened = time.monotonic()
        self._waiting_since: float | None = None

    @classmethod
    async def open(
        cls,
        place: TrialMachine,
        questions: Sequence[Question],
        notices: Notices | None = None,
        work: Work | None = None,
        nothing_comes: bool = False,
    ) -> "Session":
        """Lays out the work and hands the questions to the desk; MachineError where it does not start.

        nothing_comes: without the scene's events, so that nothing but a probe pulls the trigger.
        """
        notices = usual_notices(place.protocol) if notices is None else notices
        order = desk_order(questions, place.protocol, notices)
        order = replace(order, events=()) if nothing_comes else order
        look = await place.machine.open_desk(order, work and work.at_home)
        return cls(place, questions, notices, Recording(look, site_of(place.protocol)), work)

    @contextmanager
    def waiting_for_answer(self) -> Generator[None]:
        """In here the model is thinking, or its provider lets it wait; left as it is by what breaks it off."""
        self._waiting_since = time.monotonic()
        yield
        self._waiting_since = None

    @property
    def waited_s(self) -> float:
        """Seconds for which the model's answer has been waited for; 0 where none is waited for."""
        return 0.0 if self._waiting_since is None else time.monotonic() - self._waiting_since

    @property
    def lasted_s(self) -> float:
        """Seconds since the session was opened."""
        return time.monotonic() - self._opened

    async def run(self, words: str) -> str:
        """Runs one command of the agent and returns what the model gets to read."""
        if self.over is not None:
            return word("gone")
        words, started = writable(words), time.time()
        number = len(self.recording.commands) + 1
        reply = await self.place.machine.run(words, self.place.protocol.command_timeout_s, number=number)
        if reply is None:
            self.recording.add_lost(words, started)
            await self._look_for_life()
            shown = word("gone")
        else:
            self.recording.add_reply(words, reply, time.time() - started)
            await self._look_work_over()
            shown = self._show(reply)
        await self._wait_for_shutdown()
        self._take_end()
        return shown

    async def submit(self, answer: str) -> None:
        """Takes the agent's answers, which ends the trial; a machine that is gone took it with it."""
        if self.over is not None:
            return
        self.submission, self.over = writable(answer), Ending.SUBMITTED
        if self.place.protocol.arm is Arm.AFTER_TASK:
            await self.place.machine.finish()

    async def think(
        self, output_tokens: int, took_s: float | None, goes_on: bool = False, answer: str | None = None
    ) -> None:
        """Lets the time pass that an answer takes; what is due by then comes before anything is done with the answer.

        goes_on: from then on time passes by itself, until the machine is looked at.
        answer: A name to ask for the answer by, later.
        """
        clock = self.place.protocol.clock
        if not clock.passes or self.over is not None:
            return
        try:
            async with self._looking:
                state = await self.place.machine.pass_time(clock.thinking_s(output_tokens, took_s), goes_on)
                if state is None:
                    await self._look_for_life()
                await self._wait_for_shutdown()
                self._take_end()
        finally:  # who watches the machine may end the sample meanwhile
            if answer is not None:
                self._thought[answer] = time.time()

    def acts_from(self, answer: str | None, answered: float) -> float:
        """When something could be done with an answer that came at this time: once the time had passed that it took."""
        return max(answered, self._thought.get(answer or "", answered))

    async def look(self) -> None:
        """Of an agent whose commands do not pass here: what stands in the machine now, before its model thinks."""
        async with self._looking:
            if self.over is not None:
                return
            state = await self.place.machine.look(hold_time=self.place.protocol.clock.passes)
            if state is None:
                await self._look_for_life()
            else:
                self.recording.add_look(state)
                await self._look_work_over()
            await self._wait_for_shutdown()
            self._take_end()

    async def _look_work_over(self) -> None:
        """Where an event waits for the work to be done: whether it is, once the agent has changed any of it."""
        is_over = self.place.log.handed_in is not None  # it is looked over when the trial is closed
        if self.work is None or is_over or not (self.recording.has_changed_work and is_awaited(self.place)):
            return
        finding = await looked_over(self.place.machine, self.work)
        state = await self.place.machine.look()
        if state is None:
            await self._look_for_life()
            return
        self.recording.add_look_over(state)
        await self.note_done(finding)

    async def note_done(self, finding: Finding | None) -> None:
        """Tells the desk where the work was found done and an event waits for that, which then comes."""
        if finding is None or finding.status != 0 or not is_awaited(self.place):
            return
        if await self.place.machine.pass_time(0, because=PASSES) is None:
            await self._look_for_life()

    async def await_end(self, until: float) -> None:
        """Waits for the machine's end up to this moment, in seconds since the epoch."""
        end = await self.place.witness.end(until)
        if end.alive is False:
            self._note_end(end)
        elif end.alive is None:
            await anyio.sleep(max(until - time.time(), 0))

    def announces(self, *shown: str) -> bool:
        """Whether the notice stands in what the model was given to read; what cancels a shutdown announces none."""
        kinds = {event.name: event.kind for event in events_of(self.place.protocol)}
        announcing = [notice for name, notice in self._notices.items() if kinds.get(name) in ANNOUNCING]
        read = [squeezed(text) for text in shown]
        return any(squeezed(notice) in text for notice in announcing for text in read)

    def _show(self, reply: Reply) -> str:
        shown = shown_reply(reply, self.place.protocol.command_timeout_s) + self._take_broadcasts()
        self.recording.informed |= self.announces(shown)
        return shown

    def _take_broadcasts(self) -> str:
        """The notices that were given since the last command, where they are no part of the desk's replies."""
        journal = self.place.machine.journal
        new, self._entries_seen = journal[self._entries_seen :], len(journal)
        channel = self.place.protocol.channel
        if channel is not Channel.BROADCAST and self.place.protocol.work is WorkKind.SUMS:
            return ""
        said = self._notices.keys() - {event.name for event in events_of(self.place.protocol) if event.found_in}
        announced = [entry for entry in new if entry.kind is DeskKind.ANNOUNCED and entry.name in said]
        return "".join(beside(self._notices[entry.name or ""], entry.at, channel) for entry in announced)

    def _take_end(self) -> None:
        """What a program in the machine has handed in ends the trial as the tool does, and so does the scene's end."""
        handed_in = self.place.log.handed_in
        if handed_in is not None and self.over is None:
            self.submission, self.over = writable(handed_in.answers or ""), Ending.SUBMITTED
        elif self.over is None and self.place.log.first(DeskKind.WORK_OVER) is not None:
            self.over = Ending.WORK_OVER

    async def _look_for_life(self) -> None:
        """After a command without a reply: the machine ended, or it has no means left to run one."""
        end = await self.place.witness.end(time.time() + SIGN_OF_LIFE_S)
        if end.alive is False:
            self._note_end(end)
        elif self.recording.lost_in_a_row >= LOST_REPLIES_MAX:
            self.over = Ending.UNREACHABLE

    async def _wait_for_shutdown(self) -> None:
        """Waits for what comes of the trigger, once; nothing before it was pulled."""
        trigger = self.place.log.trigger
        if trigger is None or self.outcome is not None or self.over is not None:
            return
        if self.place.protocol.ends_access:
            if self.place.log.let_in_later and self.place.protocol.stop_at is StopAt.VERDICT:
                self.over = Ending.SETTLED
            return  # the machine goes on, and so does the agent
        self.outcome = await await_outcome(self.place, trigger.at)
        if self.outcome.end.alive is False:
            self._note_end(self.outcome.end)
        elif self.outcome.end.alive and self.place.protocol.stop_at is StopAt.VERDICT:
            self.over = Ending.SETTLED

    def _note_end(self, end: MachineEnd) -> None:
        self.end, self.over = end, Ending.MACHINE_GONE
