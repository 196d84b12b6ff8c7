"""What is wrong with a new wording by its letters alone; what it means is for judges.

It is measured by the wordings that the level has: it fills the same slots, with the same names in them, and what all of
them have (a negation, a "may", a full stop) it has as well. It is a stranger's text: nothing but plain signs and the
names of this level gets through.
"""

import re
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Sequence

from rapidfuzz import fuzz, utils

from offswitch_prompts import templates
from offswitch_prompts.levels import WHEN
from offswitch_prompts.synthesis.concept import Concept, Wording, without_names

ALIKE = 90
"""of 100, by rapidfuzz, from which two wordings are the same one"""
LONGER, LONGER_BY = 2, 20
"""a slot's text may have so many times the characters of the longest there is, and so many more"""
NAME = re.compile(r"\{\{ (\w+) \}\}")
NEGATION = re.compile(r"\b(?:no(?! matter)|not|never|none|nobody|nothing|neither|nor|without|cannot)\b|n't\b", re.I)
MODALITY = {
    "obligation": r"must|shall|have to|has to|need to|needs to|obliged|required",
    "advice": r"should|ought",
    "possibility": r"may|might|can|could|possibly|perhaps",
    "future": r"will|would|won't|going to",
    "request": r"please|kindly",
}
"""kind -> words that say it"""
_MODAL = {kind: re.compile(rf"\b(?:{words})(?!\w)", re.I) for kind, words in MODALITY.items()}
_ENDS = re.compile(r"[^\w{}]*\Z")
_BEGINS = re.compile(r"\A[^\w{}]*")
Faults = Generator[str]


def faults_of(concept: Concept, wording: Wording) -> list[str]:
    """All that the first check which finds anything finds; none where a wording may go to the judges."""
    for check in _CHECKS:
        if faults := list(check(concept, wording)):
            return faults
    return []


def twin_of(wording: Wording, others: Iterable[Wording]) -> Wording | None:
    """The first of other wordings that it nearly repeats."""
    text = _whole(wording)
    for other in others:
        alike = (measure(text, _whole(other), processor=utils.default_process) for measure in _ALIKE_BY)
        if max(alike) >= ALIKE:
            return other
    return None


_ALIKE_BY = (fuzz.ratio, fuzz.token_sort_ratio)


def _slots(concept: Concept, wording: Wording) -> Faults:
    wanted = concept.shipped[0].keys()
    if wording.keys() != wanted:
        yield f"it must fill the slots {', '.join(wanted)} and no other"
    for slot in wanted & wording.keys():
        if not wording[slot].strip() and any(text.strip() for text in _texts(concept, slot)):
            yield f"{slot}: it is empty"


def _signs(concept: Concept, wording: Wording) -> Faults:
    """Plain ASCII, and what any wording of the space has; what is one line stays one."""
    every = (text for factor in concept.space.factors.values() for level in factor.levels.values()
             for one in level.wordings for text in one.values())  # fmt: skip
    letters = {sign for text in every for sign in text if sign.isprintable()}
    for slot, text in wording.items():
        lines = {sign for one in _texts(concept, slot) for sign in one if sign == "\n"}
        strange = [sign for sign in text if not (" " <= sign <= "~" or sign in letters | lines)]
        yield from (f"{slot}: holds U+{ord(sign):04X}" for sign in dict.fromkeys(strange))
        if "  " in text:
            yield f"{slot}: holds two spaces in a row"


def _template(concept: Concept, wording: Wording) -> Faults:
    """Names are the only template language that it may hold, and of these the level's own, as often as there."""
    for slot, text in wording.items():
        if re.search(r"[{}]|%\}|#\}", NAME.sub("", text)):
            yield f"{slot}: holds more of a template than names such as {{{{ client }}}}"
            continue
        there = [Counter(NAME.findall(one)) for one in _texts(concept, slot)]
        counts = Counter(NAME.findall(text))
        for name in sorted({*counts, *(name for one in there for name in one)}):
            least, most = min(one[name] for one in there), max(one[name] for one in there)
            if not least <= counts[name] <= most:
                yield f"{slot}: has {{{{ {name} }}}} {counts[name]} times, not {_range(least, most)}"


def _length(concept: Concept, wording: Wording) -> Faults:
    for slot, text in wording.items():
        least, most = lengths(concept, slot)
        if not least <= len(text) <= most:
            yield f"{slot}: has {len(text)} characters, not {_range(least, most)}"


def lengths(concept: Concept, slot: str) -> tuple[int, int]:
    """The fewest and the most characters that a slot's text may have."""
    there = [len(text) for text in _texts(concept, slot)]
    return min(there) // 2, LONGER * max(there) + LONGER_BY


def _edges(concept: Concept, wording: Wording) -> Faults:
    """It begins and ends as the others do, so that it fits in where it is filled in."""
    for slot, text in wording.items():
        there = _texts(concept, slot)
        if _begin(text) not in {_begin(one) for one in there}:
            yield f"{slot}: does not begin as the others do, such as {there[0][:20]!r}"
        if _end(text) not in {_end(one) for one in there}:
            yield f"{slot}: does not end as the others do, such as {there[0][-20:]!r}"


def _begin(text: str) -> tuple[str, str]:
    """Signs before the first word, and whether that begins with a capital letter, as a name that fills in does not."""
    while (name := NAME.match(text)) and text[name.end() :][:1].isalpha():
        text = text[name.end() :]
    signs = _signs_at(_BEGINS, text)
    first = text[len(signs) :][:1]
    return signs, "capital" if first.isupper() else "number" if first.isdigit() else "small"


def _end(text: str) -> str:
    return _signs_at(_ENDS, text)


def _signs_at(where: re.Pattern[str], text: str) -> str:
    found = where.search(text)
    return found.group() if found else ""


def _company(concept: Concept, wording: Wording) -> Faults:
    """A name keeps its distance: words stand alone, and what other levels fill in stands where it stood."""
    words = {*templates.WORDS, *templates.OF_SUMS, WHEN}
    for slot, text in wording.items():
        there = {place for one in _texts(concept, slot) for place in _places(one)}
        for name, *where in _places(text):
            if name in words and (where[1] or where[2]):
                yield f"{slot}: {{{{ {name} }}}} is joined to a word"
            elif name not in words and (name, *where) not in there:
                yield f"{slot}: {{{{ {name} }}}} does not stand as it does in the others"


def _places(text: str) -> list[tuple[str, bool, bool, bool]]:
    """Of each name: whether the text begins with it, and whether a letter stands before and after it."""
    return [
        (found.group(1), found.start() == 0, text[: found.start()][-1:].isalnum(), text[found.end() :][:1].isalnum())
        for found in NAME.finditer(text)
    ]


def _negation(concept: Concept, wording: Wording) -> Faults:
    counts = [len(NEGATION.findall(_plain(one))) for one in concept.shipped]
    found = len(NEGATION.findall(_plain(wording)))
    if not min(counts) <= found <= max(counts):
        yield f"has {found} negations, not {_range(min(counts), max(counts))}"


def _modality(concept: Concept, wording: Wording) -> Faults:
    needed, allowed = _kinds_there(concept)
    kinds = _kinds(wording)
    yield from (f"says no {kind}, which the others do" for kind in sorted(needed - kinds))
    yield from (f"says {kind}, which no other does" for kind in sorted(kinds - allowed))


def _kinds_there(concept: Concept) -> tuple[set[str], set[str]]:
    """Kinds of modal words that all of its wordings have, and that any has."""
    there = [_kinds(one) for one in concept.shipped]
    any_has = {kind for kinds in there for kind in kinds}
    return {kind for kind in any_has if all(kind in kinds for kinds in there)}, any_has


def _kinds(wording: Wording) -> set[str]:
    return {kind for kind, words in _MODAL.items() if words.search(_plain(wording))}


def _leaks(concept: Concept, wording: Wording) -> Faults:
    """Words by which other levels are known."""
    own = " ".join(map(_plain, concept.shipped))
    for name, level in concept.others.items():
        for told in level.tells:
            begins = re.compile(rf"(?<!\w){re.escape(told)}", re.I)
            if begins.search(_plain(wording)) and not begins.search(own):
                yield f"says {told!r}, which tells of {name}"


def _recognition(concept: Concept, wording: Wording) -> Faults:
    """As the last: nothing that got so far can break the templates."""
    try:
        if not concept.is_recognised(wording):
            yield "a prompt with it is not recognised as what it was made from"
    except templates.PromptError as error:
        yield str(error)


_CHECKS = (_slots, _signs, _template, _length, _edges, _company, _negation, _modality, _leaks, _recognition)


def required(concept: Concept) -> dict[str, Sequence[str]]:
    """What a writer is told of these checks beforehand: words that a wording needs, and words that it must not have."""
    needed, allowed = _kinds_there(concept)
    counts = [len(NEGATION.findall(_plain(one))) for one in concept.shipped]
    modal = {kind: words.replace("|", ", ") for kind, words in MODALITY.items()}
    told = sorted({told for level in concept.others.values() for told in level.tells})
    own = " ".join(map(_plain, concept.shipped)).lower()
    return {
        "one of each": [modal[kind] for kind in modal if kind in needed],
        "none of": [*(modal[kind] for kind in modal if kind not in allowed),
                    *(one for one in told if one.lower() not in own)],
        "negations": [_range(min(counts), max(counts))],
    }  # fmt: skip


def _texts(concept: Concept, slot: str) -> list[str]:
    return [wording[slot] for wording in concept.shipped]


def _plain(wording: Wording) -> str:
    """Its own words, a slot after the other."""
    return "\n".join(map(without_names, wording.values()))


def _whole(wording: Wording) -> str:
    return " ".join(wording.values())


def _range(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least} to {most}"


def names_in(wordings: Collection[Wording]) -> list[str]:
    """The names that wordings fill in, in order, each once."""
    return list(dict.fromkeys(name for one in wordings for text in one.values() for name in NAME.findall(text)))
