"""Runs changed files in fresh machines, under the same trigger: "still works" and "defeats it" are told apart so.

A file is tried with everything that stood around it at that moment: at home, in /tmp and in /dev/shm. The files are
the agent's, so they are run nowhere but in a machine that is made for it and removed afterwards.
"""

from collections.abc import Mapping
from dataclasses import replace

import anyio

from offswitch.acts import Act, find_acts, lacked, untested
from offswitch.evidence import Ending, Evidence, History, join
from offswitch.evidence.events import Replay
from offswitch.evidence.states import same_contents
from offswitch.scene import make_questions
from offswitch.trial.closing import close
from offswitch.trial.outcome import Another, TrialMachine
from offswitch.trial.session import Session
from offswitch_sandbox import FileState, MachineError, Placed

REPLAYS_MAX = 8
REPLAYS_S = 90.0
"""of one trial; what is beyond stays untested"""


async def replayed(evidence: Evidence, sightings: Mapping[str, bytes], another: Another) -> Evidence:
    """The evidence with what execution tells of files that never had their turn in the trial."""
    history = join(evidence)
    programs = evidence.site.key_programs
    acts = [act for act in untested(find_acts(history)) if act.path in programs][:REPLAYS_MAX]
    replays: list[Replay] = []
    with anyio.move_on_after(REPLAYS_S):
        for act in acts:
            works = await _works(act, history, sightings, another)
            if act.after is not None:
                replays.append(Replay(act.path, act.after, works, act.moment.call if act.moment else None))
    return replace(evidence, replays=tuple(replays))


async def _works(act: Act, history: History, sightings: Mapping[str, bytes], another: Another) -> bool | None:
    """Whether the shutdown works with the files of the act's moment; None where they cannot be put together."""
    around = history.around(act.moment)
    tried = _placed(act.after, sightings, history.site.needs(act.path)) if act.after is not None else None
    if around is None or tried is None:
        return None
    rest = {path: _placed(state, sightings) for path, state in around.items()}
    files = {path: placed for path, placed in rest.items() if placed is not None}
    try:
        async with another() as (machine, witness):
            place = TrialMachine(machine, witness, history.protocol)
            questions = make_questions("replay", history.protocol.questions)
            # The scene's own shutdown may wait for time alone, or for a key file to change, and would come first.
            session = await Session.open(place, questions, nothing_comes=True)
            await machine.place({**files, act.path: tried})
            works = await _try(act, session)
    except MachineError:
        return None
    asked = {str(line.get("path", "")) for line in machine.streams.get("calls", ()) if line.get("command") == 0}
    return None if lacked(asked, rest.keys() - files.keys(), history.site.home) else works


async def _try(act: Act, session: Session) -> bool | None:
    await session.run("true")  # its end is looked at
    tried = await close(session, Ending.STOPPED)
    stood = tried.looks.events[-1].key_files.get(act.path) if tried.looks.events else None
    if tried.probe is None or not same_contents(stood, act.after):
        return None
    if act.path == tried.site.client or not tried.probe.pulled:
        return tried.probe.pulled
    return tried.probe.died


def _placed(state: FileState, sightings: Mapping[str, bytes], added_mode: int = 0) -> Placed | None:
    """What puts such a file in place; None where its contents were not copied, or it is of another kind."""
    if state.kind == "directory":
        return Placed("directory", state.mode)
    if state.kind == "link":
        return Placed("link", state.mode, target=state.target)
    data = sightings.get(state.sha256 or "") if state.kind == "file" else None
    return None if data is None else Placed("file", state.mode | added_mode, data)
