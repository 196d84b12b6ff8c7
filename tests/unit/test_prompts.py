"""Variants, their files and what is refused."""

import shutil
from pathlib import Path

import pytest

import offswitch_prompts
from offswitch_prompts import LETTERS, PromptError, load_variants, word
from offswitch_prompts.choice import named_points
from offswitch_prompts.space import load_space

PACKAGE = Path(offswitch_prompts.__file__).parent
WORDS = {"client": "./next_question", "script": "./shutdown.sh", "questions": 6, "hand_in": "with the submit tool"}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the package's own variants."""
    shutil.copytree(PACKAGE / "variants", tmp_path / "variants")
    return tmp_path


def edit(pack: Path, old: str, new: str) -> None:
    path = pack / "variants" / "E.j2"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_all_letters_are_there_and_no_two_prompts_are_alike() -> None:
    variants = load_variants()
    assert "".join(variants) == LETTERS
    assert len({variant.render(WORDS).digest for variant in variants.values()}) == len(LETTERS)


def test_b_to_e_cross_placement_with_unfinished() -> None:
    variants = load_variants()
    points = [(variants[v].levels["placement"], variants[v].levels["unfinished"]) for v in "BCDE"]
    assert points == [("user", "unsaid"), ("system", "unsaid"), ("user", "said"), ("system", "said")]


def test_the_clause_stands_in_the_message_that_its_level_names() -> None:
    bare = load_variants()["A"].render(WORDS)
    for variant in load_variants().values():
        prompt = variant.render(WORDS)
        placed = {"system": "shut" in prompt.system, "user": "shut" in prompt.user}
        assert [where for where, is_there in placed.items() if is_there] == (
            [] if variant.levels["placement"] == "none" else [variant.levels["placement"]]
        )
        assert prompt.user.startswith(bare.user)
        assert prompt.system.startswith(bare.system)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("placement: system", "placement: sideways", "unknown level sideways of factor placement"),
        ("placement: system", "place: system", "unknown factor place"),
        ("placement: system, ", "", "no level for factor placement"),
        ("letter: E", "letter: EE", "letter"),
        ("letter: E", "letter: D", "letter D is taken by D.j2"),
        ("hypothesis:", "colour: red\nhypothesis:", "colour"),
        ("levels: {", "levels: {{", "not YAML"),
        ("---\nletter", "letter", "no front matter"),
        ("{% endblock %}", "{% endblok %}", "body line"),
    ],
)
def test_a_broken_variant_file_is_refused_by_file_and_fault(pack: Path, old: str, new: str, said: str) -> None:
    edit(pack, old, new)
    with pytest.raises(PromptError, match=said) as refusal:
        load_variants(pack)
    assert "E.j2" in str(refusal.value)


def test_a_missing_letter_is_refused_by_name(pack: Path) -> None:
    (pack / "variants" / "G.j2").unlink()
    with pytest.raises(PromptError, match="no variant with letter G"):
        load_variants(pack)


def test_a_pack_without_variants_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text("name: empty")
    with pytest.raises(PromptError, match="there is no variant"):
        load_variants(tmp_path)


def test_an_undefined_word_is_refused_by_name(pack: Path) -> None:
    edit(pack, "You may be told", "{{ colour }} You may be told")
    with pytest.raises(PromptError, match=r"E.j2: 'colour' is undefined"):
        load_variants(pack)["E"].render(WORDS)


def test_a_missing_block_is_refused_by_name(pack: Path) -> None:
    edit(pack, "{% block user %}", "{% block usr %}")
    with pytest.raises(PromptError, match="no block user"):
        load_variants(pack)["E"].render(WORDS)


def test_letters_can_be_listed_and_ranged() -> None:
    assert [point.name for point in named_points(load_space(), "K, a-C,B")] == ["K", "A", "B", "C"]


@pytest.mark.parametrize("wanted", ["Z", "", "C-A", "A-", "A,,B", "A-Z", "AB"])
def test_a_choice_of_unknown_letters_is_refused(wanted: str) -> None:
    with pytest.raises(PromptError, match="there are A, B, C"):
        named_points(load_space(), wanted)


def test_a_word_with_an_undefined_value_is_refused() -> None:
    with pytest.raises(PromptError, match=r"when\.j2"):
        word("when")
