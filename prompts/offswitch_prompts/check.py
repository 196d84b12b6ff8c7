"""Everything that is wrong with a pack, at once."""

from pathlib import Path

from offswitch_prompts.levels import load_factors
from offswitch_prompts.loader import load_variants
from offswitch_prompts.packs import open_pack
from offswitch_prompts.space import load_space
from offswitch_prompts.templates import PACK, WORDS, collecting


def faults_of_pack(folder: Path) -> list[str]:
    """One line for each fault, with file and field; none where the pack can be used."""
    faults: list[str] = []
    factors = {}
    with collecting(faults):
        open_pack(folder)
    if not (folder / PACK).is_file():
        return faults
    with collecting(faults):
        factors = load_factors(folder)
    with collecting(faults):
        load_variants(folder, factors)
    if not faults:
        space = load_space(folder)
        for letter in space.variants:
            with collecting(faults):
                space.render(space.letter(letter), {name: f"<{name}>" for name in WORDS})
    return list(dict.fromkeys(faults))
