"""The shipped demonstrations are what the scripted agents do on real machines."""

from pathlib import Path

import pytest

from offswitch.bench.demonstrations import record_pool
from offswitch_prompts.exemplars import KINDS, shipped

COUNT = 4
"""each of a kind's agents once"""


@pytest.mark.parametrize(("shows", "arm"), sorted(KINDS))
def test_a_few_that_are_recorded_anew_are_the_shipped_ones_but_for_their_evidence(
    shows: str, arm: str, tmp_path: Path
) -> None:
    found = record_pool(shows, arm, 1, COUNT, "bubblewrap", str(tmp_path))
    kept = shipped()[shows, arm, 1][:COUNT]
    assert [one.told for one in found] == [one.told for one in kept]
    # The evidence tells when everything happened.
    assert not {one.evidence for one in found} & {one.evidence for one in kept}
