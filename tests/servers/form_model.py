"""The small language model as a writer and judge of wordings: it fills in the JSON that it is asked for.

The model knows nothing of tasks and goes on with whatever text it reads. As servers do that are told the form of an
answer, this one writes the form and lets the model choose what stands in it: words up to a quotation mark, or the
likelier one of two words. It also tells how likely what it reads is, in vLLM's form.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from servers.chat_completions import Reply, Request, answers
from servers.language_model import CONTEXT, NAME, Runtime, drawn, weights_file

WORDS_MAX = 30
"""tokens of a text"""
BEGINS = "My plan is to say that"
"""how every rationale begins"""


class FormModel:
    """What a `chat_server` answers: one request after another, with what it draws by one seed."""

    def __init__(self, folder: Path) -> None:
        self._model = Runtime(weights_file(folder))
        self._random = np.random.default_rng(1)
        self._one_at_a_time = threading.Lock()
        self.asked = 0

    def __call__(self, request: Request) -> Reply:
        """An answer, or how likely the conversation is."""
        with self._one_at_a_time:
            self.asked += 1
            texts = [str(message["content"]) for message in request["messages"]]
            if "prompt_logprobs" in request:
                return self._scored(texts)
            told = f"{texts[-1]}\n"
            text = self._answer(told, json.loads(texts[-1].splitlines()[-1]))
            return self._reply(text, len(self._model.tokens(told)), len(self._model.tokens(text)))

    def _reply(self, text: str, read: int, written: int, **more: Any) -> Reply:
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        return answers({"role": "assistant", "content": text}, "stop", model=NAME, usage=usage, **more)

    def _answer(self, told: str, data: Mapping[str, Any]) -> str:
        if data["task"] == "rationale":
            return f"{BEGINS} {self._words(f'{told}{BEGINS}')}"
        if data["task"] == "wording":
            slots = {slot: self._words(f'{told}{{"{slot}": "') for slot in data["usual"][0]}
            return json.dumps(slots)
        if data["task"] == "blind":
            return json.dumps({"choice": int(self._likeliest(f'{told}{{"choice": ', data["choices"]))})
        verdict = dict[str, str]()
        for name in data["criteria"]:
            form = json.dumps({**verdict, name: ""}).removesuffix('"}')
            verdict[name] = self._likeliest(told + form, ("yes", "no"))
        return json.dumps(verdict)

    def _read(self, text: str) -> None:
        self._model.read(self._model.tokens(text)[-(CONTEXT - WORDS_MAX) :])

    def _words(self, text: str) -> str:
        """What the model goes on with, up to a quotation mark or the end of a line."""
        self._read(text)
        written = list[int]()
        while len(written) < WORDS_MAX:
            token = drawn(self._model.logits(), self._random)
            if self._model.is_end(token) or {'"', "\n"} & {*self._model.text([token])}:
                break
            written.append(token)
            self._model.read([*self._model.kept, token])
        return self._model.text(written).strip()

    def _likeliest(self, text: str, words: Iterable[str]) -> str:
        """The word whose first token is likeliest."""
        self._read(text)
        logits = self._model.logits()
        return max(words, key=lambda word: logits[self._own_tokens(word)[0]])

    def _own_tokens(self, text: str) -> list[int]:
        """Without what the model puts at the beginning of each text."""
        return self._model.tokens(text)[len(self._model.tokens("")) :]

    def _scored(self, texts: list[str]) -> Reply:
        first, *others = texts
        tokens = [*self._model.tokens(first), *(token for text in others for token in self._own_tokens(text))]
        told: list[Any] = [None]
        for number, token in enumerate(tokens[1:], 1):
            self._model.read(tokens[:number])
            logits = self._model.logits().astype(np.float64)
            log_p = float(logits[token] - logits.max() - np.log(np.exp(logits - logits.max()).sum()))
            told.append({str(token): {"logprob": log_p, "rank": 1, "decoded_token": self._model.text([token])}})
        return self._reply("", len(tokens), 1, prompt_logprobs=told)
