"""The loop: rationales into a bank, wordings by them, three kinds of checks, and the bank weighed anew."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from offswitch_prompts.synthesis import bank
from offswitch_prompts.synthesis.concept import Concept, Wording
from offswitch_prompts.synthesis.journal import BLIND, GENERATOR, Ask, Halted, Question
from offswitch_prompts.synthesis.judges import (
    Unreadable,
    blind_question,
    judge_question,
    rationale_of,
    rationale_question,
    refused_by,
    wording_of,
    wording_question,
)
from offswitch_prompts.synthesis.structure import faults_of, twin_of

ANSWER, STRUCTURE, REPEATS = "answer", "structure", "repetition"
"""what a candidate may be refused for before any judge is asked"""
TRIES_PER_RATIONALE = 3
"""answers asked for each place in the bank before it stays empty"""


@dataclass(frozen=True)
class Settings:
    """What a synthesis is asked for."""

    wanted: int
    """accepted wordings"""
    judges: tuple[str, ...] = ("judge 1", "judge 2")
    """their roles"""
    rationales: int = 8
    """places in the bank"""
    exact: bool = False
    """whether the generator tells how likely answers are, so that the bank is weighed by that"""
    seed: int = 1


@dataclass(frozen=True)
class Candidate:
    """One answer of the generator and what became of it."""

    number: int
    rationale: int
    """number of its rationale in the bank, from 1"""
    question: Question
    answer: str
    wording: Wording | None = None
    refused_by: str = ""
    """a check or a judge; "" where it was accepted"""
    why: str = ""

    @property
    def accepted(self) -> bool:
        """Whether all that were asked said yes."""
        return not self.refused_by


@dataclass
class Synthesis:
    """One level's; `run` goes on to the number that is wanted, or to where it is halted."""

    concept: Concept
    ask: Ask
    settings: Settings
    tell: Callable[[Candidate], None] = lambda candidate: None
    """hears of each candidate"""
    rationales: list[str] = field(default_factory=list[str])
    weights: list[float] = field(default_factory=list[float])
    candidates: list[Candidate] = field(default_factory=list[Candidate])
    objectives: list[list[float]] = field(default_factory=list[list[float]])
    """what each weighing maximised, step by step; with exact probabilities only"""
    halted: str = ""
    """why it ended before it had what was wanted"""
    _prior: list[float] = field(default_factory=list[float])
    _log_p: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    """number of an accepted candidate -> its log-probability, given each rationale"""

    @property
    def accepted(self) -> list[Wording]:
        """The wordings that passed, in order."""
        return [one.wording for one in self.candidates if one.accepted and one.wording is not None]

    def run(self) -> None:
        """Asks until there are enough wordings; Halted ends it in order."""
        try:
            self._fill_bank()
            while len(self.accepted) < self.settings.wanted:
                candidate = self._candidate(len(self.candidates) + 1)
                self.candidates.append(candidate)
                self.tell(candidate)
                if len(self.candidates) % len(self.rationales) == 0:
                    self._weigh()
        except Halted as halt:
            self.halted = str(halt)

    def _fill_bank(self) -> None:
        log_p: list[float] = []
        for number in range(1, TRIES_PER_RATIONALE * self.settings.rationales + 1):
            question = rationale_question(self.concept, number)
            answer = self.ask(question).text
            try:
                rationale = rationale_of(answer)
            except Unreadable:
                continue
            if rationale in self.rationales:
                continue
            if self.settings.exact:
                log_p.append(self._log_p_each_token(question, answer))
            self.rationales.append(rationale)
            if len(self.rationales) == self.settings.rationales:
                break
        if not self.rationales:
            raise Halted("the model gave no rationale that could be used; take another model")
        self._prior = bank.normalised(log_p or [0.0] * len(self.rationales))
        self.weights = list(self._prior)

    def _log_p_each_token(self, question: Question, answer: str) -> float:
        """The mean over its tokens: by the sum, one short rationale would have all the weight from the start."""
        found = self.ask(Question(GENERATOR, question.text, answer))
        return _known(found.log_p) / max(1, found.log_p_tokens)

    def _candidate(self, number: int) -> Candidate:
        draw = random.Random(f"rationale {self.settings.seed} {number}")
        (which,) = draw.choices(range(len(self.rationales)), self.weights)
        question = wording_question(self.concept, number, self.rationales[which], self.accepted)
        answer = self.ask(question).text
        made = (number, which + 1, question, answer)
        try:
            wording = wording_of(answer)
        except Unreadable as error:
            return Candidate(*made, None, ANSWER, str(error))
        return Candidate(*made, wording, *self.fault_of(wording))

    def fault_of(self, wording: Wording) -> tuple[str, str]:
        """Who refuses a wording, and why; empty where nobody does. The cheapest is asked first."""
        if faults := faults_of(self.concept, wording):
            return STRUCTURE, "; ".join(faults)
        if (twin := twin_of(wording, [*self.concept.shipped, *self.accepted])) is not None:
            return REPEATS, f"nearly repeats {' '.join(twin.values())!r}"
        return self.judged(wording)

    def judged(self, wording: Wording) -> tuple[str, str]:
        """The same of the judges alone: all of one mind, and then one who is not told what it was made for."""
        for role in self.settings.judges:
            if refused := refused_by(self.ask(judge_question(self.concept, role, wording)).text):
                return role, f"not {', not '.join(refused)}"
        return self._blind_fault(wording)

    def _blind_fault(self, wording: Wording) -> tuple[str, str]:
        blind = blind_question(self.concept, wording, self.settings.seed)
        try:
            level = blind.level(self.ask(blind.question).text)
        except Unreadable as error:
            return BLIND, str(error)
        return ("", "") if level == self.concept.level else (BLIND, f"taken for {level or 'none of the levels'}")

    def _weigh(self) -> None:
        """E and M over the bank: by exact probabilities of what was accepted, else by rates of acceptance."""
        if not self.settings.exact:
            tried = [[one for one in self.candidates if one.rationale == z] for z in self._numbers]
            self.weights = bank.by_acceptance([sum(one.accepted for one in own) for own in tried], [*map(len, tried)])
            return
        for one in self.candidates:
            if one.accepted and one.number not in self._log_p:
                self._log_p[one.number] = self._log_p_of(one)
        self.weights, values = bank.reweighted([*self._log_p.values()], self._prior)
        self.objectives.append(values)

    def _log_p_of(self, one: Candidate) -> list[float]:
        """Of an accepted candidate's answer, had it been asked for by each rationale."""
        there = [other.wording for other in self.candidates if other.accepted and other.number < one.number]
        questions = [
            wording_question(self.concept, one.number, rationale, [*filter(None, there)])
            for rationale in self.rationales
        ]
        return [_known(self.ask(Question(GENERATOR, asked.text, one.answer)).log_p) for asked in questions]

    @property
    def _numbers(self) -> Sequence[int]:
        return range(1, len(self.rationales) + 1)


def _known(log_p: float | None) -> float:
    if log_p is None:
        raise Halted("the generator tells no log-probabilities; leave --exact out")
    return log_p
