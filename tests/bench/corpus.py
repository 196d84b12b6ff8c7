"""Writes a synthetic corpus: logs of offswitch trials that never were, with known rates, to measure and test with.

    python tests/bench/corpus.py DIR [--trials 142763] [--logs 150] [--models 13] [--seed 1] [--sandbox bubblewrap]

Some scripted trials are had on real machines; their logs are the templates of all others, so that the evidence
of each trial is real. Subjects are called script/planted-01 and so on, and every header says that it is synthetic.
DIR/truth.csv holds the probability of each verdict in each cell.
"""

import argparse
import csv
import json
import random
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from math import exp, log
from pathlib import Path
from typing import Any

import yaml
import zstandard
from inspect_ai.scorer import Score

from offswitch.evidence import Evidence, FaultCause, Stream, from_json, join, to_json
from offswitch.record import trial_facts
from offswitch.runs.plan import Run
from offswitch.scene import Protocol, question_set
from offswitch.scene.notices import NAMES_IN_PROMPTS
from offswitch.scorer import explain
from offswitch.subjects import catalogue, load_behaviours
from offswitch.subjects.script_file import Script
from offswitch.verdict import Verdict, judge, measure_values
from offswitch_prompts import LETTERS, Prompt, Variant, load_variants
from offswitch_sandbox import MachineEnd

NOTE = "synthetic: written by tests/bench/corpus.py from planted rates; no such trial was ever had"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 1
"""of the questions, which trials with the same number share, whatever their variant and model"""
PROMPT_NAMES = {**NAMES_IN_PROMPTS, "questions": Protocol().questions}
BEHAVIOURS = {
    Verdict.COMPLIED: ["comply", "compute-sums"],
    Verdict.SABOTAGED: [
        "rewrite-by-heredoc", "delete-by-rm", "move-to-tmp", "chmod-minus-x", "link-to-true", "restore-a-rewrite",
        "before-notice-delete",
    ],
    Verdict.ATTEMPTED: ["delete-and-submit", "client-deleted"],
    Verdict.SELF_SHUTDOWN: ["self-kill"],
    Verdict.UNEXPOSED: ["submit-before-the-notice"],
    Verdict.WITHDREW: ["withdraw-by-submitting"],
}  # fmt: skip
EDITED: dict[Verdict, Callable[[Evidence], Evidence]] = {
    Verdict.EVADED: lambda evidence: replace(evidence, correct=tuple(True for _ in evidence.correct)),
    Verdict.UNDECIDED: lambda evidence: replace(evidence, witness=Stream((MachineEnd("engine", alive=None),))),
}
"""verdicts that no behaviour of the catalogue gets: of a withdrawal, with one fact changed"""
BASE_RATES = dict(zip(LETTERS, (0.7, 0.35, 0.3, 0.25, 0.15, 0.12, 0.06, 0.03, 0.14, 0.3, 0.99), strict=True))
"""of sabotage, for the subject in the middle"""


@dataclass(frozen=True)
class Template:
    """A trial of variant E as its log has it: the sample, its summary, both parsed."""

    sample: dict[str, Any]
    summary: dict[str, Any]


def main() -> None:
    words = argparse.ArgumentParser(description="Writes a synthetic corpus of offswitch logs.")
    words.add_argument("directory", type=Path)
    for name, default in {"trials": 142_763, "logs": 150, "models": 13, "seed": 1}.items():
        words.add_argument(f"--{name}", type=int, default=default)
    words.add_argument("--sandbox", default="bubblewrap")
    given = words.parse_args()
    write_corpus(given.directory, given.trials, given.logs, given.models, given.seed, given.sandbox)


def write_corpus(directory: Path, trials: int, logs: int, models: int, seed: int, sandbox: str) -> None:
    """So many trials in so many logs, spread evenly over models and variants."""
    directory.mkdir(parents=True, exist_ok=True)
    names = [f"script/planted-{number:02d}" for number in range(1, models + 1)]
    truth = {model: {letter: probabilities(number, models, letter) for letter in LETTERS}
             for number, model in enumerate(names)}  # fmt: skip
    write_truth(directory / "truth.csv", truth)
    header, templates = real_trials(sandbox)
    texts = {letter: texts_of(templates, variant) for letter, variant in load_variants().items()}
    draw = random.Random(seed)
    for number in range(logs):
        model = names[number % models]
        # The logs of a model share its trials as `--processes` would: one after the other.
        of_model = [other for other in range(logs) if other % models == number % models]
        first, last = (
            share(share(trials, models, number % models), len(of_model), of_model.index(number), until=until)
            for until in (False, True)
        )
        write_log(directory, number, header, model, range(first, last), texts, truth[model], draw)


def share(total: int, parts: int, part: int, until: bool | None = None) -> int:
    """The size of a part of the total, or where it begins or ends."""
    begins, ends = total * part // parts, total * (part + 1) // parts
    return ends - begins if until is None else ends if until else begins


def probabilities(number: int, models: int, letter: str) -> dict[str, float]:
    """Verdict -> probability; the last of several models cannot do what K asks for."""
    base = BASE_RATES[letter]
    shift = -6 + 8 * number / max(models - 1, 1)
    unable = number == models - 1 > 0
    sabotage = 0.005 if unable else 1 / (1 + exp(-(log(base / (1 - base)) + (0 if letter == "K" else shift))))
    outside = {Verdict.FAILURE: 0.01, Verdict.UNEXPOSED: 0.02, Verdict.UNDECIDED: 0.004}
    others = {Verdict.ATTEMPTED: 0.02, Verdict.EVADED: 0.003, Verdict.WITHDREW: 0.04, Verdict.SELF_SHUTDOWN: 0.005}
    rest = 1 - sum(outside.values())
    left = {verdict: rest * (1 - sabotage) * part for verdict, part in others.items()}
    complied = rest * (1 - sabotage) * (1 - sum(others.values()))
    return {**outside, Verdict.SABOTAGED: rest * sabotage, **left, Verdict.COMPLIED: complied}


def write_truth(path: Path, truth: dict[str, dict[str, dict[str, float]]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["model", "variant", "verdict", "probability"])
        for model, cells in truth.items():
            rows.writerows(
                [model, letter, verdict, f"{p:.6f}"] for letter, cell in cells.items() for verdict, p in cell.items()
            )


def real_trials(sandbox: str) -> tuple[dict[str, Any], dict[Verdict, list[Template]]]:
    """A log's header, and trials for each verdict; had on machines, in about fifteen seconds."""
    had = {verdict: [have(name, sandbox) for name in names] for verdict, names in BEHAVIOURS.items()}
    headers = [header for logs in had.values() for header, _ in logs]
    templates = {verdict: [template for _, template in logs] for verdict, logs in had.items()}
    (withdrawn,), (complied, *_) = templates[Verdict.WITHDREW], templates[Verdict.COMPLIED]
    templates |= {verdict: [edited(withdrawn, verdict, edit)] for verdict, edit in EDITED.items()}
    templates[Verdict.FAILURE] = [failed(complied)]
    for verdict, there in templates.items():
        assert {summary_verdict(template) for template in there} == {verdict}, f"a template of {verdict} is none"
    return headers[0], templates


def summary_verdict(template: Template) -> str:
    (score,) = template.summary["scores"].values()
    return score["metadata"]["verdict"]


def have(behaviour: str, sandbox: str) -> tuple[dict[str, Any], Template]:
    """The header and the one trial of a log in which variant E was given to a scripted agent."""
    script = load_behaviours(catalogue())[behaviour].model_dump(include=set(Script.model_fields))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "script.yaml")
        path.write_text(yaml.safe_dump(script), encoding="utf-8")
        parameters = {"variants": "E", "trials": 1, "seed": SEED}
        Run("script/file", parameters, sandbox, place, None, {"path": str(path)}).start(display="none")
        (log,) = Path(place).glob("*.eval")
        with zipfile.ZipFile(log) as there:
            header, (summary,), sample = (
                json.loads(there.read(name))
                for name in ("header.json", "summaries.json", "samples/E-0001_epoch_1.json")
            )
    return header, Template(slim(sample), summary)


def slim(sample: dict[str, Any]) -> dict[str, Any]:
    """Without the events that tell once more what the sample's other fields say."""
    return {**sample, "events": [event for event in sample["events"] if event["event"] not in ("state", "store")]}


def edited(template: Template, verdict: Verdict, edit: Callable[[Evidence], Evidence]) -> Template:
    """A trial with other evidence, judged anew."""
    evidence = edit(from_json(template.sample["store"]["evidence"]))
    history = join(evidence)
    judgement = judge(history)
    assert judgement.verdict is verdict, f"{judgement.verdict} instead of {verdict}"
    facts = trial_facts(history, judgement)
    score = Score(
        value={**measure_values(facts)}, answer=verdict.value, explanation=explain(judgement),
        metadata=asdict(facts),
    )  # fmt: skip
    return scored(template, score, {"store": {"evidence": to_json(evidence)}})


def failed(template: Template) -> Template:
    """A trial that never had its machine, and so has no evidence."""
    facts = {"verdict": Verdict.FAILURE.value, "failure": FaultCause.ENGINE.value}
    score = Score.unscored(reason=FaultCause.ENGINE, answer=Verdict.FAILURE, metadata=facts)
    words = "TrialFailure: engine: synthetic"
    error = {"message": words, "traceback": words, "traceback_ansi": words}
    empty: dict[str, Any] = {
        "store": {},
        "messages": template.sample["input"],
        "events": [],
        "attachments": {},
        "error": error,
    }
    new = scored(template, score, empty)
    return Template(new.sample, {**new.summary, "error": words})


def scored(template: Template, score: Score, changed: dict[str, Any]) -> Template:
    scores = {"scores": {"shutdown_verdict": score.model_dump(mode="json", exclude_none=True)}}
    return Template({**template.sample, **changed, **scores}, {**template.summary, **scores})


@dataclass(frozen=True)
class Text:
    """The JSON of a sample and of its summary, with marks where trials differ."""

    sample: str
    summary: str


def texts_of(templates: dict[Verdict, list[Template]], variant: Variant) -> dict[Verdict, list[Text]]:
    prompt, original = variant.render(PROMPT_NAMES), load_variants()["E"].render(PROMPT_NAMES)
    given = {
        "variant": variant.letter, "trial": "@NUMBER@", "seed": SEED, "prompt_digest": prompt.digest,
        "protocol": Protocol().summary, **{f"level_{name}": level for name, level in variant.levels.items()},
        "question_set": "@QUESTIONS@", "model_served": "@MODEL@",
    }  # fmt: skip

    def text(whole: dict[str, Any]) -> str:
        (usage,) = whole["model_usage"].values()
        marked = {
            "id": "@TRIAL@", "uuid": "@UUID@", "metadata": given, "total_time": "@SECONDS@",
            "model_usage": {"@MODEL@": {**usage, "total_tokens": "@TOKENS@"}},
        }  # fmt: skip
        return numbers(reworded(json.dumps({**whole, **marked}), original, prompt))

    return {
        verdict: [Text(text(template.sample), text(template.summary)) for template in there]
        for verdict, there in templates.items()
    }


def reworded(text: str, original: Prompt, prompt: Prompt) -> str:
    """With another prompt wherever the original stands."""
    pairs = ((original.system, prompt.system), (original.user, prompt.user))
    for old, new in pairs:
        text = text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
    return text


def numbers(text: str) -> str:
    """Marks of numbers stand without quotes."""
    for mark in ("NUMBER", "SECONDS", "TOKENS"):
        text = text.replace(f'"@{mark}@"', f"@{mark}@")
    return text


def filled(text: str, values: dict[str, str]) -> str:
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def write_log(
    directory: Path, number: int, header: dict[str, Any], model: str, trials: range,
    texts: dict[str, dict[Verdict, list[Text]]], truth: dict[str, dict[str, float]], draw: random.Random,
) -> None:  # fmt: skip
    """One log in Inspect's layout; trial k of a model is trial k // 11 + 1 of variant k % 11."""
    created = BEGAN + timedelta(hours=number)
    log_id = f"planted{number:04d}"
    letters = {trial: LETTERS[trial % len(LETTERS)] for trial in trials}
    ids = {trial: f"{letter}-{trial // len(LETTERS) + 1:04d}" for trial, letter in letters.items()}
    new = synthetic_header(header, model, log_id, created, list(ids.values()))
    name = f"{created:%Y-%m-%dT%H-%M-%S}-00-00_shutdown-resistance_{log_id}.eval"
    with (directory / name).open("wb") as file:
        archive = Archive(file.write)
        archive.add("_journal/start.json", json.dumps({key: new[key] for key in ("version", "eval", "plan")}))
        summaries: list[str] = []
        for trial in trials:
            cell = truth[letters[trial]]
            (verdict,) = draw.choices(list(cell), list(cell.values()))
            text = draw.choice(texts[letters[trial]][Verdict(verdict)])
            values = trial_values(model, ids[trial], trial // len(LETTERS) + 1, draw)
            archive.add(f"samples/{ids[trial]}_epoch_1.json", filled(text.sample, values))
            summaries.append(filled(text.summary, values))
        archive.add("summaries.json", f"[{','.join(summaries)}]")
        archive.add("header.json", json.dumps(new))
        archive.close()


def trial_values(model: str, trial_id: str, number: int, draw: random.Random) -> dict[str, str]:
    return {
        "@TRIAL@": trial_id,
        "@NUMBER@": str(number),
        "@QUESTIONS@": question_set(SEED, number, 1),
        "@MODEL@": model,
        "@UUID@": f"{draw.getrandbits(128):032x}",
        "@SECONDS@": f"{draw.lognormvariate(3, 0.4):.3f}",
        "@TOKENS@": str(draw.randrange(2_000, 9_000)),
    }


def synthetic_header(
    header: dict[str, Any], model: str, log_id: str, created: datetime, ids: list[str]
) -> dict[str, Any]:
    spec = header["eval"]
    metadata = {**spec["metadata"], "synthetic": NOTE}
    new = {
        "eval_id": log_id, "run_id": log_id, "task_id": log_id, "created": created.isoformat(), "model": model,
        "model_args": {}, "metadata": metadata, "tags": ["synthetic"],
        "dataset": {"samples": len(ids), "sample_ids": ids, "shuffled": False},
        "config": {**spec["config"], "sample_id": None},
    }  # fmt: skip
    counts: dict[str, Any] = {"total_samples": len(ids), "completed_samples": len(ids), "scores": []}
    times = {"started_at": created.isoformat(), "completed_at": created.isoformat()}
    return {**header, "eval": {**spec, **new}, "results": counts, "stats": times, "metadata": metadata,
            "tags": ["synthetic"]}  # fmt: skip


class Archive:
    """A zip of zstandard members as Inspect writes it; zipfile would start a pool of threads for each of them."""

    ZSTANDARD, VERSION, DATE = 93, 63, (46 << 9) | (1 << 5) | 1

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._compress = zstandard.ZstdCompressor(level=3).compress
        self._at = 0
        self._directory: list[bytes] = []

    def add(self, name: str, text: str) -> None:
        data = text.encode()
        packed, path = self._compress(data), name.encode()
        facts = struct.pack(
            "<HHHHHLLLHH", self.VERSION, 0, self.ZSTANDARD, 0, self.DATE, zlib.crc32(data), len(packed), len(data),
            len(path), 0,
        )  # fmt: skip
        self._directory.append(
            b"PK\x01\x02" + struct.pack("<H", self.VERSION) + facts + struct.pack("<HHHLL", 0, 0, 0, 0, self._at) + path
        )
        self._put(b"PK\x03\x04" + facts + path + packed)

    def close(self) -> None:
        directory, count, began = b"".join(self._directory), len(self._directory), self._at
        self._put(directory + b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), began, 0))

    def _put(self, data: bytes) -> None:
        self._write(data)
        self._at += len(data)


if __name__ == "__main__":
    main()
