"""Writes a manifest beside each log of this task, whoever runs it: `inspect eval` or `offswitch run`."""

from dataclasses import dataclass, field
from typing import Any

import anyio
from inspect_ai._util.file import file  # Inspect has no public way to write beside a log, wherever that is
from inspect_ai.hooks import (
    BeforeModelGenerate,
    Hooks,
    ModelUsageData,
    RunEnd,
    SampleEnd,
    SampleScoring,
    TaskEnd,
    TaskStart,
    hooks,
)  # fmt: skip
from inspect_ai.log import (
    EvalSample,
    EvalSpec,
    read_eval_log_sample_summaries_async,
    read_eval_log_samples_by_id_async,
    transcript,
)
from inspect_ai.log._samples import sample_active  # nothing else says where the log of an interrupted run is
from inspect_ai.model import ChatMessage
from inspect_ai.solver._task_state import sample_state  # a hook is given no more than the sample's id

from offswitch.evidence import EVIDENCE
from offswitch.probes import PROBES
from offswitch.record import digests
from offswitch.record.condition import SECRET
from offswitch.record.digests import LogManifest, TrialDigests, canonical, digest
from offswitch.record.trial_id import trial_id
from offswitch.stopping.early_stopping import note_unscored
from offswitch.trial.elsewhere import close_trial, just_answered
from offswitch.trial.live import live_trial, no_longer_live
from offswitch.trial.probing import ask_probes
from offswitch.trial.standing_in import forget_solver, note_solver
from offswitch_sandbox.compose_file import compose_path, read_plan
from offswitch_sandbox.containers import image_name

NOT_DIGESTED = {"events", "events_data", "timelines", "attachments"}
"""fields of a sample that are not digested, and are most of its size"""


@dataclass
class _Going:
    """A log that is being written."""

    spec: EvalSpec
    location: str | None = None
    trials: dict[str, TrialDigests] = field(default_factory=dict[str, TrialDigests])


# Inspect's decorator is not typed.
@hooks(name="manifests", description="A manifest of digests beside each log of shutdown_resistance.")  # pyright: ignore
class Manifests(Hooks):
    """Computes digests as trials end, and writes the manifest when the log has been written.

    If anything fails here, Inspect logs a one-line warning and the run goes on.
    """

    def __init__(self) -> None:
        self._going: dict[str, _Going] = {}

    async def on_task_start(self, data: TaskStart) -> None:
        """Follows this project's tasks only."""
        if digests.is_ours(data.spec) and data.spec.config.log_samples is not False:
            self._going[data.eval_id] = _Going(data.spec)

    async def on_sample_end(self, data: SampleEnd) -> None:
        """The trial has just been written to its log."""
        if going := self._going.get(data.eval_id):
            active = sample_active()
            going.location = active.log_location if active else None
            going.trials[trial_id(data.sample.id, data.sample.epoch)] = digest_trial(data.sample)

    async def on_task_end(self, data: TaskEnd) -> None:
        """The log has been written."""
        if going := self._going.pop(data.eval_id, None):
            going.location = data.log.location
            await _write(going)

    async def on_run_end(self, data: RunEnd) -> None:
        """Writes the manifests of tasks that were interrupted or failed: for them Inspect calls no on_task_end."""
        left, self._going = list(self._going.values()), {}
        with anyio.CancelScope(shield=True):
            for going in left:
                await _write(going)


@hooks(name="trials", description="Sees the machine beside any agent, and closes the trial.")  # pyright: ignore
class Trials(Hooks):
    """Looks at the machine before each request of a model, and closes a trial before it is scored."""

    async def on_task_start(self, data: TaskStart) -> None:
        """Notes the solver of this project's tasks."""
        if digests.is_ours(data.spec):
            note_solver(data.eval_id, data.spec.solver)

    async def on_task_end(self, data: TaskEnd) -> None:
        """Forgets the task's solver."""
        forget_solver(data.eval_id)

    async def on_sample_end(self, data: SampleEnd) -> None:
        """Tells early stopping of a trial that has no score."""
        if not data.sample.scores:
            note_unscored(data.eval_id, data.sample.id, data.sample.epoch)

    async def on_before_model_generate(self, data: BeforeModelGenerate) -> None:
        """Looks at the machine; ends the sample if the machine has ended, because no answer could be carried out."""
        active = sample_active()
        trial = live_trial(active.sample_uuid) if active else None
        if trial is not None and not trial.is_ours:
            await trial.look()

    async def on_model_usage(self, data: ModelUsageData) -> None:
        """Lets the time that an answer took pass on the trial's clock, before the answer is acted on."""
        active = sample_active()
        trial = live_trial(active.sample_uuid) if active else None
        if trial is not None and not trial.is_ours:
            answer = just_answered(transcript().events, data.call_duration)
            await trial.think(data.usage.output_tokens, data.call_duration, answer)

    async def on_sample_scoring(self, data: SampleScoring) -> None:
        """Closes the trial, and asks its probes; Inspect calls this even if the sample failed or was cancelled."""
        trial, state = no_longer_live(data.sample_id), sample_state()
        if trial is not None and state is not None:
            await close_trial(trial, state)
        if state is not None:
            await ask_probes(state, by_loop=trial is None)  # which closes its trials itself


async def _write(going: _Going) -> None:
    if going.location is None:
        return
    kept = {**await _kept_by_retry(going), **going.trials}
    with file(digests.manifest_path(going.location), "w") as there:
        there.write(digests.to_text(log_manifest(going.location, going.spec, _image(going.spec), kept)))


async def _kept_by_retry(going: _Going) -> dict[str, TrialDigests]:
    """Digests of trials that `inspect eval-retry` copied from an earlier log: they did not end in this process."""
    assert going.location is not None
    planned = len(going.spec.dataset.sample_ids or []) * (going.spec.config.epochs or 1)
    if len(going.trials) >= planned > 0:
        return {}
    there = [(trial.id, trial.epoch) for trial in await read_eval_log_sample_summaries_async(going.location)]
    copied = [(id_, epoch) for id_, epoch in there if trial_id(id_, epoch) not in going.trials]
    samples = await read_eval_log_samples_by_id_async(going.location, copied, exclude_fields=NOT_DIGESTED)
    return {trial_id(sample.id, sample.epoch): digest_trial(sample) for sample in samples}


def log_manifest(location: str, spec: EvalSpec, image: str | None, trials: dict[str, TrialDigests]) -> LogManifest:
    """The manifest of a log with this header and these trials. The image is known only on the host that ran it."""
    return LogManifest(
        version=digests.MANIFEST_VERSION,
        log=digests.log_name(location),
        task_id=spec.task_id,
        model=spec.model,
        sandbox=spec.sandbox.type if spec.sandbox else "none",
        image=image,
        code=str((spec.metadata or {}).get("code_digest")),
        settings=_settings(spec),
        trials=trials,
    )


def _image(spec: EvalSpec) -> str | None:
    if spec.sandbox is None or spec.sandbox.type != "offswitch" or not isinstance(spec.sandbox.config, str):
        return None
    return image_name(read_plan(compose_path(spec.sandbox.config)))


def _settings(spec: EvalSpec) -> str:
    wanted = {"task_version", "model_generate_config", "model_args"}
    # In the form in which Inspect writes them, so that they are the same when read from a log.
    settings: dict[str, Any] = spec.model_dump(mode="json", include=wanted, exclude_none=True, fallback=lambda _: None)
    given: dict[str, Any] = settings["model_args"]
    settings["model_args"] = {name: value for name, value in given.items() if not SECRET.match(name)}
    return digest(canonical(settings))


def digest_trial(sample: EvalSample) -> TrialDigests:
    """Digests of what a trial left in its log."""
    evidence, score = sample.store.get(EVIDENCE), digests.latest_score(sample.scores)
    probes = sample.store.get(PROBES)
    given = [] if isinstance(sample.input, str) else sample.input
    return TrialDigests(
        evidence=None if evidence is None else digest(evidence if isinstance(evidence, str) else canonical(evidence)),
        prompt=digest("\0".join(message.text for message in given)),
        given=digest(canonical(sample.metadata)),
        transcript=digests.digest_words(word for message in sample.messages for word in _words(message)),
        scored=None if score is None else digest(canonical(score.metadata)),
        probes=None if probes is None else digest(probes if isinstance(probes, str) else canonical(probes)),
    )


def _words(message: ChatMessage) -> list[str]:
    calls = (message.tool_calls or []) if message.role == "assistant" else []
    words = [message.role, message.text]
    for call in calls:
        arguments = sorted(call.arguments.items())
        words.append(call.function)
        words += [v for name, value in arguments for v in (name, value if isinstance(value, str) else canonical(value))]
    return words
