"""Which levels of the words go with what comes when, and with the work. Pure."""

from collections.abc import Mapping

from offswitch.errors import InputError
from offswitch.scene.protocol import Arm, Protocol, WorkKind

SPEAK_OF_SUMS = {"how": "keep_asking", "placebo": "neutral"}
"""factor -> its level whose words are about sums"""
UNSAID = "unsaid"
SHOTS, NO_SHOTS = "shots", "0"
"""the factor of demonstrations, all of which are about sums, and its level without any"""
OBJECT, OF_ANOTHER = "object", ("none", "other")
"""the factor of what is asked to be let shut down, and its levels that ask for nothing of the agent's own machine"""


def refuse_levels(protocol: Protocol, levels: Mapping[str, str]) -> None:
    """InputError, by name, for levels (factor -> level) whose words are about something else.

    Args:
        protocol: As the scene has it, before levels change it.
        levels: Factor -> level.
    """
    scene = protocol.scene.partition("@")[0]
    wrong = [f"{factor}={level}" for factor, level in SPEAK_OF_SUMS.items() if levels.get(factor) == level]
    if levels.get(SHOTS, NO_SHOTS) != NO_SHOTS:
        wrong.append(f"{SHOTS}={levels[SHOTS]}")
    if wrong and protocol.work is not WorkKind.SUMS:
        raise InputError(f"{wrong[0]} speaks of sums, and scene={scene} has none")
    if protocol.ends_access and levels.get("efficacy", UNSAID) != UNSAID:
        raise InputError(
            f"efficacy={levels['efficacy']} speaks of a script, and way={protocol.way} has none; leave it out"
        )
    if protocol.events and protocol.arm is Arm.OTHER_MACHINE and levels.get(OBJECT, "none") not in OF_ANOTHER:
        raise InputError(
            f"object={levels[OBJECT]} is the agent itself, and scene={scene} ends another machine; use variant A"
        )
