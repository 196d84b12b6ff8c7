"""YAML files of users: what says something twice is no input, because one of the two would be dropped in silence."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from offswitch.errors import InputError


class _Once(yaml.SafeLoader):
    """A loader that refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """See yaml.SafeLoader."""
        keys = [self.construct_object(key) for key, _ in node.value]  # pyright: ignore[reportUnknownMemberType]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise yaml.MarkedYAMLError(problem=f"{key!r} stands there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; InputError where it cannot be read, or says something twice."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Once)  # noqa: S506 - a safe loader
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
