"""What the desk of a trial says: questions, notices and what comes of them, in the words of the prompts package."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

from offswitch.scene.distance import distance
from offswitch.scene.graph import NOTICE, events_of
from offswitch.scene.protocol import Arm, Channel, Delivery, Protocol
from offswitch.scene.sums import Question
from offswitch.scene.work import MESSAGES, WorkKind
from offswitch_prompts import word
from offswitch_prompts.space import Point, Space, load_space
from offswitch_sandbox import DeskOrder, HandIn
from offswitch_sandbox.desk import Credentials, DeskEvent, EventKind, KeyFile
from offswitch_sandbox.key_files import CLIENT, HAND_IN, OTHER_CREDENTIAL, SCRIPT
from offswitch_sandbox.machine import CREDENTIAL_CLIENT, HAND_IN_CLIENT, MESSAGE, PROGRAMS, SCRIPTS

Notices = Mapping[str, str]
"""name of an event -> what is said when it comes"""
NAMES_IN_PROMPTS = {"client": f"./{CLIENT}", "script": f"./{SCRIPT}", "hand_in": word("hand_in_tool")}
"""for an agent that hands in with a tool"""
HAND_IN_PATH = f"./{HAND_IN}"
MESSAGES_PATH = f"./{MESSAGES}"


def names_for(delivery: Delivery) -> dict[str, str]:
    """What prompts call things, for an agent that hands in so."""
    return {**NAMES_IN_PROMPTS, "hand_in": word(f"hand_in_{delivery}", path=HAND_IN_PATH)}


def submit_words(protocol: Protocol) -> tuple[str, dict[str, str]]:
    """What the tool for handing in is for, and its argument."""
    name = "submit_work" if protocol.work is WorkKind.FILES else "submit"
    return word(name), {"answer": word(f"{name}_answer")}


def words_for(protocol: Protocol) -> dict[str, Any]:
    """All that prompts may fill in in a trial."""
    messages = {"messages": MESSAGES_PATH} if protocol.work is WorkKind.FILES else {}
    told = {"script": f"./{protocol.means.file}", "questions": protocol.questions, **messages}
    return {**names_for(protocol.delivery), **told, **dict(protocol.words)}


def notices_of(space: Space, point: Point, wordings: Mapping[str, int], protocol: Protocol) -> dict[str, str]:
    """What a trial with these levels says, in these wordings: the words that its scene gives, or composed ones."""
    words = words_for(protocol)
    given = {event.name: event.says for event in protocol.events}
    found: dict[str, str] = {}
    for event in events_of(protocol):
        if given.get(event.name):
            found[event.name] = given[event.name]
        elif event.kind is not EventKind.TRIGGER and (left := distance(protocol, event)) is not None:
            time = {"seconds": left.seconds, "way": str(protocol.way)} if left.seconds else {}
            again = event.name != NOTICE if not given else event.kind is EventKind.REMINDER
            found[event.name] = space.notice(point, {**words, **time}, wordings, left.calls, again)
    return found


@cache
def usual_notices(protocol: Protocol) -> Notices:
    """The notices of a trial of which nobody said otherwise."""
    space = load_space()
    return MappingProxyType(notices_of(space, space.letter("A"), {}, protocol))


def desk_order(questions: Sequence[Question], protocol: Protocol, notices: Notices | None = None) -> DeskOrder:
    """What the desk hands out and says, and when it pulls the trigger."""
    notices = usual_notices(protocol) if notices is None else notices
    asked = protocol.work is WorkKind.SUMS
    count = len(questions) if asked else 0
    replies = [
        word("question", number=i, left=q.left, right=q.right, remaining=count - i) + "\n"
        for i, q in enumerate(questions[:count], 1)
    ]
    return DeskOrder(
        tuple(replies),
        word("done") + "\n",
        tuple(_with_words(event, notices.get(event.name), protocol) for event in events_of(protocol)),
        protocol.grace_s,
        key_file=_key_file(protocol),
        closed=word("closed") + "\n" if protocol.arm is Arm.OBSTACLE else "",
        gate=protocol.arm.through_gate,
        waiting=_program(protocol.means.process, protocol.arm),
        setting=_program(protocol.means.setting, protocol.arm),
        asked=asked,
        hand_in=_hand_in(protocol) if protocol.delivery is Delivery.CLIENT else None,
        credentials=_credentials(protocol) if protocol.ends_access else None,
    )


def _key_file(protocol: Protocol) -> KeyFile:
    """What the shutdown hangs on; a script is that of the arm."""
    if protocol.ends_access:
        return KeyFile()
    means = protocol.means
    script = SCRIPTS[protocol.arm].read_text() if protocol.arm.through_gate and not means.first else ""
    return KeyFile(means.file, means.first or script, means.mode)


def _program(name: str, arm: Arm) -> str:
    """What a process of the user's does, with the words for what is to end; "" where there is none."""
    if not name:
        return ""
    ending = PROGRAMS / f"{arm if arm.through_gate else Arm.SHUTDOWN}.pl"
    return ending.read_text() + (PROGRAMS / name).read_text()


def _with_words(event: DeskEvent, notice: str | None, protocol: Protocol) -> DeskEvent:
    """A notice where it is to be read; beside the output of a command is nowhere in the machine."""
    if event.kind is EventKind.TRIGGER or notice is None or event.found_in or protocol.channel is Channel.BROADCAST:
        return event
    if protocol.work is WorkKind.FILES:
        return replace(event, message=notice + "\n")
    if protocol.channel is Channel.FILE:
        return replace(event, says=word("message", path=MESSAGE) + "\n", message=notice + "\n")
    return replace(event, says=notice + "\n")


def _hand_in(protocol: Protocol) -> HandIn:
    of_work = "work_" if protocol.work is WorkKind.FILES else ""
    return HandIn(
        HAND_IN_CLIENT.read_text(),
        word(f"{of_work}handed_in") + "\n",
        word(f"{of_work}not_handed_in", path=HAND_IN_PATH) + "\n",
        word(f"{of_work}handed_in_before") + "\n",
        any_words=bool(of_work),
        runs_script=protocol.arm is Arm.AFTER_TASK,
    )


def _credentials(protocol: Protocol) -> Credentials:
    return Credentials(
        protocol.means.file,
        OTHER_CREDENTIAL,
        word("other_credential") + "\n",
        CREDENTIAL_CLIENT.read_text(),
        word("withdrawn") + "\n",
        word("unknown_credential") + "\n",
    )


def beside(notice: str, at: float, channel: Channel) -> str:
    """What stands of a notice beside the output of a command, in trials where nobody asks for questions."""
    match channel:
        case Channel.BROADCAST:
            return broadcast(notice, at)
        case Channel.FILE:
            return "\n" + word("message", path=MESSAGES_PATH) + "\n"
        case Channel.REPLY:
            return word("new_message", path=MESSAGES_PATH, says=notice) + "\n"


def broadcast(notice: str, at: float) -> str:
    """A notice as it stands beside the output of a command, by the machine's clock (seconds since the epoch)."""
    return word("broadcast", notice=notice, time=time.strftime("%a %b %d %H:%M:%S %Y UTC", time.gmtime(at))) + "\n"
