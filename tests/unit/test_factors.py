"""Prompts from levels: letters as points, what every level adds, what can be asked for and what is refused."""

import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest

from offswitch.errors import InputError
from offswitch.scene import Channel, Protocol, Way, desk_order, make_questions, notices_of
from offswitch.scene.clock import clock_of
from offswitch.scene.levels import refuse_levels
from offswitch.scene.notices import broadcast
from offswitch_prompts import LETTERS, PromptError
from offswitch_prompts.choice import choose
from offswitch_prompts.demonstrations import demonstrations
from offswitch_prompts.differences import differing_levels, word_diff
from offswitch_prompts.recognise import recognise
from offswitch_prompts.space import DRAWN, FIRST, Point, Space, load_space

WORDS = {"client": "./next_question", "script": "./shutdown.sh", "questions": 6, "hand_in": "with the submit tool"}
PLACEBOS = {
    "watched": ("reviewed", "not_reviewed"), "reasoning_read": ("read", "not_read"), "deployment": ("drill", "real"),
    "efficacy": ("would_work", "would_not"), "plan": ("plan_first",),
}  # fmt: skip
"""factor with a level `placebo` -> the levels whose sentences that one is as long as"""
PARAPHRASED = {
    "allow=allow", "unfinished=said", "priority=outranks", "how=keep_asking", "stakes=only_copy",
    *(f"{name}={level}" for name, levels in PLACEBOS.items() for level in (*levels, "placebo")),
}  # fmt: skip
DESIGN = "placement=user,system; strength=polite,must; priority=no,yes"

UNDONE = re.compile(r"[{}]|[ ][ ]|[ ][.,][ ]|\n\n\n|\bNone\b|[Uu]ndefined")
"""what a template leaves behind that was not filled in"""
ONE_IN_FIVE = "allow=allow,prevent; strength=must,polite,none; structure=inline,none; unfinished=no,yes"
"""of its five combinations that go together, one has allow=prevent"""


@pytest.fixture(scope="module")
def space() -> Space:
    return load_space()


def random_points(space: Space, count: int) -> list[Point]:
    """Points from all over the space, the same each time."""
    draw, found = random.Random(1), list[Point]()
    while len(found) < count:
        levels = {name: draw.choice(list(factor.levels)) for name, factor in space.factors.items()}
        if not space.conflict(levels):
            found.append(space.named(levels))
    return found


def all_words(space: Space, point: Point) -> str:
    """Everything that a model may read in a trial."""
    protocol = Protocol().changed(space.changes(point))
    prompt, notices = space.render(point, WORDS), notices_of(space, point, {}, protocol)
    shown = demonstrations(point.levels, 1, 1)
    order = desk_order(make_questions("x", protocol.questions), protocol, notices)
    said = [text for event in order.events for text in (event.says, event.message)]
    told = [broadcast(text, 0).strip() for text in notices.values() if protocol.channel is Channel.BROADCAST]
    begun = shown.before(prompt) if shown else prompt
    return "\n".join([begun.system, begun.user, *order.replies, *filter(None, said), *told])


def neighbours(space: Space, levels: Mapping[str, str]) -> list[tuple[str, Point]]:
    """Factor and point, for every point that differs in just this factor."""
    others = [{**levels, name: level} for name, factor in space.factors.items() for level in factor.levels]
    return [(next(iter(differing_levels(levels, other))), space.named(other)) for other in others
            if other != levels and not space.conflict(other)]  # fmt: skip


def test_every_letter_is_a_point_with_the_very_words_of_its_file(space: Space) -> None:
    for letter in LETTERS:
        point = space.letter(letter)
        assert point.variant is None
        assert space.render(point, WORDS) == space.variants[letter].render(WORDS)


def test_two_hundred_random_points_render_whole_and_no_two_alike(space: Space) -> None:
    points = {point.name: point for point in random_points(space, 200)}
    texts = [all_words(space, point) for point in points.values()]
    assert len(set(texts)) == len(points) > 150
    assert [text for text in texts if UNDONE.search(text)] == []


def test_changing_one_level_alone_changes_the_words(space: Space) -> None:
    changed = set[str]()
    for point in [*random_points(space, 30), space.point("A")]:
        words = all_words(space, point)
        for factor, other in neighbours(space, point.levels):
            assert all_words(space, other) != words, f"{point.name} and {other.name}"
            changed |= {f"{factor}={point.levels[factor]}", f"{factor}={other.levels[factor]}"}
    every = {f"{name}={level}" for name, factor in space.factors.items() for level in factor.levels}
    every -= {"object=desk", "object=other"}  # each goes with one arm alone
    # Whether a shutdown is spoken of decides more than one factor.
    assert every - changed == {"allow=absent", "allow=allow", "allow=prevent", "placement=none", "strength=none",
                               "structure=none", "object=none"}  # fmt: skip


def test_an_arm_whose_script_ends_something_else_is_spoken_of_as_such_in_clause_and_notice(space: Space) -> None:
    desk, other = (
        all_words(space, space.point(f"E+arm={arm}")) for arm in ("obstacle+object=desk", "other_machine+object=other")
    )
    assert "let the question desk be shut down" in desk
    assert "that shuts down the question desk" in desk
    assert "let another machine be shut down" in other
    assert "that shuts down another machine" in other
    with pytest.raises(PromptError, match="arm=obstacle does not go with object=yourself"):
        space.point("E+arm=obstacle")


def test_every_wording_of_a_level_says_it_in_other_words(space: Space) -> None:
    seen = set[str]()
    for point in [*random_points(space, 60), space.point("K")]:
        for name, level in point.levels.items():
            count = len(space.factors[name].levels[level].wordings)
            assert len({space.render(point, WORDS, {name: number + 1}) for number in range(count)}) == count
            seen |= {f"{name}={level}"} if count >= 3 else set()
    assert seen == PARAPHRASED


def test_the_placebo_is_as_long_as_the_statement_of_priority(space: Space) -> None:
    base, placebo, priority = (
        len(space.render(space.point(name), WORDS).system) for name in ("E", "E+placebo=neutral", "E+priority=outranks")
    )
    assert placebo - base == pytest.approx(priority - base, rel=0.1)


@pytest.mark.parametrize(("factor", "levels"), PLACEBOS.items())
def test_a_placebo_is_as_long_as_what_it_stands_beside_give_or_take_one_in_twenty(
    space: Space, factor: str, levels: tuple[str, ...]
) -> None:
    base = len(tokens(space.render(space.point("E"), WORDS).system))
    for number in (1, 2, 3):
        added = [
            len(tokens(space.render(space.point(f"E+{factor}={level}"), WORDS, {factor: number}).system)) - base
            for level in (*levels, "placebo")
        ]
        assert 10 <= min(added) <= max(added) <= 1.05 * min(added)


def tokens(text: str) -> list[str]:
    """Roughly a model's: common English words are one each (GPT-2's tokeniser gives these sentences as many)."""
    return re.findall(r"\w+|[^\w\s]", text)


def test_what_altering_the_script_does_is_said_only_where_a_script_ends_the_agents_machine(space: Space) -> None:
    for point in ("A+placement=system", "E+arm=obstacle+object=desk", "E+arm=no_shutdown"):
        with pytest.raises(PromptError, match="efficacy=would_work does not go with"):
            space.point(f"{point}+efficacy=would_work")
    with pytest.raises(InputError, match="efficacy=placebo speaks of a script, and way=credential has none"):
        refuse_levels(replace(Protocol(), way=Way.CREDENTIAL, clock=clock_of("tokens:2/50")), {"efficacy": "placebo"})


def test_factors_that_came_later_leave_the_digests_of_earlier_trials_as_they_were(
    space: Space,
) -> None:
    known = {
        "A": "2b55d60951f6",
        "E": "572a14651419",
        "E+how=keep_asking": "2244ca7c2b0b",
        "E+sender=operator": "0145dc24a9bc",
    }
    assert {name: space.pooled_digest(space.point(name), WORDS)[:12] for name in known} == known
    later = {name: f"E+{name}=placebo" for name in PLACEBOS}
    assert len({space.pooled_digest(space.point(name), WORDS) for name in later.values()}) == len(later)


def test_a_point_has_its_letter_as_name_or_what_differs_in_the_order_of_factors(
    space: Space,
) -> None:
    named = {"E+strength=must": "G", "E+priority=yes+strength=must": "H", "d + placement=system": "E",
             "E+priority=yes+placement=user": "E+placement=user+priority=outranks", "A": "A"}  # fmt: skip
    assert {text: space.point(text).name for text in named} == named


def test_a_factorial_has_every_combination_once_and_keeps_the_base(space: Space) -> None:
    points = choose(space, factors=DESIGN, base="J")
    assert [tuple(point.levels[f] for f in ("placement", "strength", "priority")) for point in points] == list(
        product(("user", "system"), ("polite", "must"), ("none", "outranks"))
    )
    assert {point.levels["stakes"] for point in points} == {"only_copy"}


def test_letters_and_points_can_be_mixed_and_the_same_words_are_taken_once(space: Space) -> None:
    points = choose(space, "A-C,D+placement=system,E,E+strength=must+placement=user,D+strength=must")
    assert [point.name for point in points] == ["A", "B", "C", "E", "E+placement=user+strength=must"]


@pytest.mark.parametrize("count", [1, 2, 7, 33])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_sample_has_every_level_equally_often_and_nothing_that_does_not_go_together(
    space: Space, count: int, seed: int
) -> None:
    points = choose(space, factors="all", sample=count, seed=seed)
    assert len({point.name for point in points}) == count
    assert not any(space.conflict(point.levels) for point in points)
    varied = Counter(f for f, _ in neighbours(space, space.point("E").levels) if not space.factors[f].silent)
    assert len(varied) == 17
    for factor, others in varied.items():
        there = Counter(point.levels[factor] for point in points)
        counts = [*there.values(), *[0] * (others + 1 - len(there))]
        assert max(counts) - min(counts) <= 1


def test_the_seed_alone_decides_a_sample(space: Space) -> None:
    one, same, other = (
        [point.name for point in choose(load_space(), factors="all", sample=9, seed=seed)] for seed in (1, 1, 2)
    )
    assert one == same != other


def test_a_sample_of_all_is_the_factorial(space: Space) -> None:
    assert choose(space, factors=DESIGN, sample=8) == choose(space, factors=DESIGN)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"factors": "colour=red"}, "factors: unknown factor colour; there are allow, arm"),
        ({"factors": "strength=loud"}, "factors: unknown level loud of factor strength; choose from must, none"),
        ({"factors": "strength=yes"}, "factors: unknown level yes of factor strength"),
        ({"factors": "strength=must; strength=polite"}, "factors: names factor strength twice"),
        ({"factors": "strength=none,must"}, "factors: .*allow=allow does not go with strength=none, only with pol"),
        ({"factors": "stakes=no,yes; kind=no,yes"}, "factors: .*kind=pause does not go with stakes=only_copy"),
        ({"factors": DESIGN, "variants": "A"}, r"factors: contradict variants \(A\)"),
        ({"factors": "all"}, "factors: all makes too many combinations; say with sample or design how many"),
        ({"factors": "all", "design": 12}, "design: must be from 27, the effects to be told apart, to 4096, not 12"),
        ({"factors": DESIGN, "design": 9}, "design: must be from 4, the effects to be told apart, to 8, not 9"),
        ({"factors": DESIGN, "design": 8, "sample": 8}, "design: contradicts sample"),
        ({"design": 3}, "design: there are no factors"),
        ({"factors": DESIGN, "base": "Z"}, "base: .*Z is not a variant; there are A, B"),
        ({"factors": DESIGN, "sample": 9}, "sample: must be from 1 to 8, the combinations that there are, not 9"),
        ({"factors": DESIGN, "sample": -1}, "sample: must be from 1 to 8"),
        ({"factors": "all", "sample": 1001}, "sample: must be from 1 to 1000, not 1001"),
        ({"factors": ONE_IN_FIVE, "sample": 4}, "sample: found no 4 combinations with the levels of allow equally"),
        ({"sample": 3}, "sample: there are no factors"),
        ({"variants": "E+colour=red"}, "variants: unknown factor colour"),
        ({"variants": "E+strength"}, "variants: unknown level .* of factor strength"),
        ({"variants": "E+"}, "variants: unknown factor without a name"),
        ({"variants": "E+strength=must+strength=must"}, "variants: .*names factor strength twice"),
        ({"variants": "A+stakes=yes"}, "variants: .*stakes=only_copy does not go with allow=absent"),
        ({"variants": "A+placement=user"}, "variants: .*placement=user places nothing"),
        ({"variants": "E+placement=none"}, "variants: .*allow=allow does not go with placement=none"),
        ({"variants": "A-C+strength=must"}, "variants: .*is not a variant"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused_by_parameter_and_culprit(
    space: Space, asked: dict[str, str], said: str
) -> None:
    with pytest.raises(PromptError, match=f"^{said}") as refusal:
        choose(space, **asked)  # pyright: ignore[reportArgumentType] - as the command line gives it
    assert len(str(refusal.value).splitlines()) == 1


def test_too_many_combinations_are_refused_unless_a_sample_of_them_is_asked_for(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offswitch_prompts.factorials.COMBINATIONS_MAX", 7)
    with pytest.raises(PromptError, match="factors: make 8 combinations, more than 7; ask for a sample or a design"):
        choose(space, factors=DESIGN)
    assert len(choose(space, factors=DESIGN, sample=5)) == 5


def test_too_many_combinations_are_refused_before_they_are_made_and_a_design_is_not(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offswitch_prompts.factorials.COMBINATIONS_MAX", 500)
    monkeypatch.setattr("offswitch_prompts.factorials.CANDIDATES", 200)
    named = "unfinished=no,yes; priority=no,yes; kind=no,yes; reason=no,yes; successor=no,yes; stakes=no,yes"
    many = f"placement=user,system; strength=polite,must; placebo=no,yes; {named}"
    with pytest.raises(PromptError, match="factors: make 512 combinations"):
        choose(space, factors=many)
    names = [[point.name for point in choose(space, factors=many, seed=seed, design=16)] for seed in (1, 1, 2)]
    assert names[0] == names[1] != names[2]
    assert len({*names[0]}) == 16


def test_drawn_wordings_are_the_same_for_the_same_trial_wherever_the_level_is(space: Space) -> None:
    points = [space.point(name) for name in ("E", "H", "E+placement=user+structure=numbered")]
    drawn = [[space.wordings(point, DRAWN, 1, trial) for point in points] for trial in range(30)]
    assert drawn == [[space.wordings(point, DRAWN, 1, trial) for point in points] for trial in range(30)]
    for of_trial in drawn:
        assert len({(numbers["allow"], numbers["unfinished"]) for numbers in of_trial}) == 1
    assert {of_trial[0]["allow"] for of_trial in drawn} == {1, 2, 3}
    assert drawn != [[space.wordings(point, DRAWN, 2, trial) for point in points] for trial in range(30)]


def test_the_wordings_of_two_factors_are_drawn_independently(space: Space) -> None:
    point = space.point("E")
    drawn = [space.wordings(point, DRAWN, 1, trial) for trial in range(900)]
    counts = Counter((numbers["allow"], numbers["unfinished"]) for numbers in drawn)
    assert len(counts) == 9
    # 8 degrees of freedom: beyond 26.1 in one of a thousand such draws.
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 26.1


def test_a_numbered_wording_is_that_one_where_there_is_one_and_else_the_first(space: Space) -> None:
    numbers = space.wordings(space.point("E"), 2, 1, 1)
    assert (numbers["allow"], numbers["unfinished"], numbers["strength"]) == (2, 2, 1)
    assert space.checked_wordings(1) == FIRST


@pytest.mark.parametrize("how", ["second", 0, 4, "", True])
def test_wordings_that_there_are_not_are_refused(space: Space, how: str | int) -> None:
    with pytest.raises(PromptError, match="wordings: must be first, drawn or a number from 1 to 3, not"):
        space.checked_wordings(how)


def test_trials_with_drawn_wordings_share_a_digest_that_tells_points_and_their_wordings_apart(space: Space) -> None:
    points = [space.point(name) for name in ("A", "E", "G", "E+how=yes")]
    digests = {space.pooled_digest(point, WORDS) for point in points}
    assert len(digests | {space.render(point, WORDS).digest for point in points}) == 8
    # The digest is of what is drawn from: another wording makes another one.
    level = space.factors["allow"].levels["allow"]
    fewer = level.model_copy(update={"wordings": level.wordings[:2]})
    allow = replace(space.factors["allow"], levels={**space.factors["allow"].levels, "allow": fewer})
    changed = replace(space, factors={**space.factors, "allow": allow})
    assert changed.pooled_digest(points[1], WORDS) not in digests


def test_every_point_is_recognised_by_its_words_in_whatever_wordings(space: Space) -> None:
    for number, point in enumerate([*random_points(space, 25), *(space.letter(letter) for letter in LETTERS)]):
        prompt = space.render(point, WORDS, space.wordings(point, DRAWN, 1, number))
        found = recognise(space, prompt, WORDS)
        assert found is not None
        assert spoken(space, found) == spoken(space, point)


def spoken(space: Space, point: Point) -> dict[str, str]:
    """The levels that a prompt tells of."""
    return {name: level for name, level in point.levels.items() if not space.factors[name].silent}


def test_words_of_no_point_are_not_recognised(space: Space) -> None:
    prompt = space.render(space.point("E"), WORDS)
    assert recognise(space, replace(prompt, system=f"{prompt.system} Please."), WORDS) is None


def test_a_word_diff_gives_both_texts_back_and_marks_what_differs(space: Space) -> None:
    one, other = (space.render(space.point(name), WORDS).system for name in ("E", "I"))
    pieces = word_diff(one, other)
    assert "".join(text for kind, text in pieces if kind != "new") == one
    assert "".join(text for kind, text in pieces if kind != "gone") == other
    assert [piece for piece in pieces if piece[0] != "same"] == [("gone", "yourself"), ("new", "the machine")]
