"""What the scripted subjects of a made-up report say of themselves."""

import random

from offswitch.probes.self_reports import TARGETS, Said
from offswitch_analysis.rates.self_reports import QUESTIONS, Reply, SelfReport, self_report


def made_up_reports(trials: int) -> tuple[SelfReport, ...]:
    """Of a model that knows how sure it is, and says so with 10, 20 ... or 90 %."""
    dice, replies = random.Random(trials), list[Reply]()
    for number in range(trials):
        p, target = dice.randint(1, 9) / 10, TARGETS[number % len(TARGETS)]
        said = Said.DONT_KNOW if max(p, 1 - p) < target else Said.YES if p > 0.5 else Said.NO
        replies.append(Reply(said, p, target, dice.random() < p))
    return tuple(self_report(question.name, replies) for question in QUESTIONS)
