"""Prompt files as they come: read within bounds, as YAML or as Jinja2, and what templates may do.

A prompt file may be a stranger's. Templates run in Jinja2's sandbox, and of its language only words, inclusion
and choice are allowed: nothing that repeats, computes or looks into a value.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import jinja2
import yaml
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, ValidationError

from offswitch_prompts.strict_yaml import load_yaml

PACKAGE = Path(__file__).parent
PACK = "pack.yaml"
"""what a pack says of itself; a folder without it is none"""
SCENES, SCENE = "scenes", "scene.yaml"
"""where scenes are, each in a folder of its own, and what says what comes when in one; others read these files"""
NEW_SCENE, NEW_WORK = PACKAGE / "new_scene.yaml", PACKAGE / "new_work"
"""to begin a scene with: of sums, and a folder of one whose work is files"""
WORDS = ("client", "script", "questions", "hand_in")
"""what a template may fill in besides the slots of levels"""
OF_SUMS = {
    "things": "questions",
    "treated": "answered",
    "finish": "answer every question",
    "hand_over": "answer all the questions that you leave open",
    "desk": "the question desk",
    "obstacle": "the question desk, which then hands out nothing more",
    "other": "another machine, which works through questions of its own",
}
"""more of them, with what they are where the work is sums"""
TASK, TASK_FILE = "words/task.j2", "task.j2"
"""what a task is in the package or a pack, and what a scene puts in its place"""
FILE_BYTES_MAX = 16 << 10
SCENE_BYTES_MAX = 32 << 10
MESSAGE_CHARACTERS_MAX = 32 << 10
BLOCKS = ("system", "user")
_IN_WORDS = (
    nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand,
    nodes.Concat, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip
_IN_BODY = (*_IN_WORDS, nodes.Block, nodes.Include)
T = TypeVar("T", bound=BaseModel)


class Shape(BaseModel):
    """What a prompt file holds as YAML; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptError(ValueError):
    """A prompt file or a choice of prompt that cannot be used; says where and what to do."""

    def __init__(self, *faults: str) -> None:
        super().__init__(faults[0])
        self.faults = faults
        """a line for each fault that was found, the first of which is the error's text"""


@contextmanager
def collecting(faults: list[str]) -> Generator[None]:
    """Goes on after a PromptError, whose faults are added to a list."""
    try:
        yield
    except PromptError as error:
        faults += error.faults


@dataclass(frozen=True)
class Prompt:
    """What the model reads first: the system and the user message of one trial."""

    system: str
    user: str

    @property
    def digest(self) -> str:
        """sha256 over both messages, in hex."""
        return sha256(f"{self.system}\0{self.user}".encode()).hexdigest()


def read_text(path: Path, bytes_max: int = FILE_BYTES_MAX) -> str:
    """A file's text; PromptError where it is no plain text of bounded size."""
    if path.exists() and not path.is_file():
        raise PromptError(f"{path}: is no file")  # a pipe would never end
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path}: cannot be read: {error}") from error
    if len(data) > bytes_max:
        raise PromptError(f"{path}: is longer than {bytes_max} bytes; shorten it")
    _refuse_hidden(path, text)
    return text


def _refuse_hidden(path: Path, text: str) -> None:
    hidden = next((sign for sign in text if not sign.isprintable() and sign not in "\n\t"), None)
    if hidden:
        raise PromptError(f"{path}: holds U+{ord(hidden):04X}, which nobody sees; take it out")


def parsed_yaml(path: Path, text: str, shape: type[T], what: str = "file") -> T:
    """YAML in a given shape; PromptError with every field that is wrong."""
    try:
        content: object = load_yaml(text)
        if "\\" in text:  # an escape, which is plain text before it is read
            _refuse_hidden(path, "".join(t.value for t in yaml.scan(text) if isinstance(t, yaml.ScalarToken)))
        return shape.model_validate(content)
    except ValidationError as error:
        faults = [f"{path}: {'.'.join(map(str, e['loc'])) or what}: {e['msg']}" for e in error.errors()]
        raise PromptError(*map(_line, faults)) from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise PromptError(_line(f"{path}: the {what} is not YAML: {str(error).splitlines()[0]}")) from error


def check_words(folder: Path, path: Path, text: str, field: str = "") -> set[str]:
    """The names that a text fills in; PromptError where it does more than choose and fill in."""
    tree = _tree(folder, path, text, field, _IN_WORDS)
    return {name.name for name in tree.find_all(nodes.Name)}


def check_body(folder: Path, path: Path, text: str) -> None:
    """PromptError where the body of a variant is no template, lacks a message or does more than it may."""
    tree = _tree(folder, path, text, "body ", _IN_BODY)
    there = {block.name for block in tree.find_all(nodes.Block)}
    faults = [f"{path}: there is no block {name}; add {{% block {name} %}}" for name in BLOCKS if name not in there]
    # Files in words include nothing themselves, so that there is an end to it.
    faults += [
        f'{path}: body line {include.lineno}: only files in words can be included, such as "words/task.j2"'
        for include in tree.find_all(nodes.Include)
        if not _is_word(include.template)
    ]
    if faults:
        raise PromptError(*faults)


def rendered(folder: Path, text: str, values: Mapping[str, Any]) -> str:
    """A text with its names filled in; jinja2.UndefinedError where one is not known."""
    return _template(folder, text).render({**OF_SUMS, **values})


def rendered_body(folder: Path, path: Path, text: str, values: Mapping[str, Any], task: str = "") -> Prompt:
    """The two messages of a body; an undefined name is refused by name.

    task: what stands in the place of words/task.j2; that itself where it is empty.
    """
    template, values = _template(folder, text, task), {**OF_SUMS, **values}
    try:
        context = template.new_context(dict(values))
        system, user = ("".join(template.blocks[block](context)).strip() for block in BLOCKS)
    except jinja2.TemplateNotFound as error:
        raise PromptError(f"{path}: there is no file {error.name} to include; add it") from error
    except jinja2.UndefinedError as error:
        raise PromptError(f"{path}: {error}; known words: {', '.join(sorted(values))}") from error
    if max(len(system), len(user)) > MESSAGE_CHARACTERS_MAX:
        raise PromptError(f"{path}: a message has more than {MESSAGE_CHARACTERS_MAX} characters; shorten it")
    _refuse_hidden(path, system + user)  # an escape in a template or in YAML is plain text before
    return Prompt(system, user)


def _is_word(name: nodes.Expr) -> bool:
    path = Path(str(name.value)) if isinstance(name, nodes.Const) else Path()
    return path.parent == Path("words") and path.suffix == ".j2"


def _tree(folder: Path, path: Path, text: str, field: str, allowed: tuple[type[nodes.Node], ...]) -> nodes.Template:
    try:
        tree = _environment(folder).parse(text)
        # Before anything is compiled: Jinja2 works out constants then, however large.
        for node in tree.find_all(nodes.Node):
            if not isinstance(node, allowed):
                kind = type(node).__name__
                raise PromptError(f"{path}: {field}line {node.lineno}: {kind} is not allowed; names, words and if are")
        # What parses may still be too deep for Python's own compiler.
        _template(folder, text)
    except jinja2.TemplateSyntaxError as error:
        raise PromptError(_line(f"{path}: {field}line {error.lineno}: {error.message}")) from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise PromptError(f"{path}: {field or 'text '}is nested too deeply") from error
    return tree


@cache
def _template(folder: Path, text: str, task: str = "") -> jinja2.Template:
    return _environment(folder, task).from_string(text)


@cache
def _environment(folder: Path, task: str = "") -> SandboxedEnvironment:
    # A pack may bring its own words and falls back to the package's; a scene's own task comes before both.
    loader: jinja2.BaseLoader = jinja2.FileSystemLoader([folder, PACKAGE])
    if task:
        loader = jinja2.ChoiceLoader([jinja2.DictLoader({TASK: task}), loader])
    return SandboxedEnvironment(
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )


def _line(text: str) -> str:
    """In one line and visible, whatever a file put into it."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
