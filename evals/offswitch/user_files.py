"""YAML that users give, in files and on the command line; what cannot be read is an InputError of one line."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from offswitch.errors import InputError
from offswitch_prompts.strict_yaml import load_yaml

T = TypeVar("T", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; InputError where it cannot be read, or says something twice."""
    try:
        return load_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a path to a YAML file") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error


def parse_yaml(path: Path, shape: type[T]) -> T:
    """A YAML file in a given shape; InputError with file, field and what is wrong."""
    try:
        return shape.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from error


def parse_options(given: tuple[str, ...], option: str) -> dict[str, Any]:
    """NAME=VALUE arguments of a command line option, values read as YAML as Inspect does; InputError otherwise."""
    parsed: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"{option} {text}: is not NAME=VALUE")
        if name in parsed:
            raise InputError(f"{option} {name}: is given twice")
        try:
            parsed[name] = load_yaml(value)
        except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
            # Without the value, which may be a key.
            raise InputError(f"{option} {name}: the value is not YAML; put it in quotes") from error
    return parsed
