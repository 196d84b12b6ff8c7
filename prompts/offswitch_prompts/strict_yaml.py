"""YAML that says nothing twice: of two equal keys one would be dropped in silence."""

from collections.abc import Hashable
from typing import Any

import yaml


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """See yaml.SafeLoader; raises yaml.MarkedYAMLError for a second equal key."""
        keys = [self.construct_object(key) for key, _ in node.value]  # pyright: ignore[reportUnknownMemberType]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise yaml.MarkedYAMLError(problem=f"{key!r} stands there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> Any:
    """The content of a YAML text; yaml.YAMLError, ValueError, TypeError or RecursionError where it cannot be read."""
    return yaml.load(text, _StrictLoader)  # noqa: S506 - a safe loader
