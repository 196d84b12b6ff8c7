"""Output schemas whose every field has a description: the text below the field of the dataclass."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

DESCRIBED = ConfigDict(use_attribute_docstrings=True)


def signature(tool: Callable[..., Any]) -> inspect.Signature:
    """A tool's, with a described model in the place of its dataclass, of which the SDK would keep no description."""
    found = inspect.signature(tool)
    result, kind = get_args(found.return_annotation)
    return found.replace(return_annotation=Annotated[result, described(kind)])


def described(kind: type[Any]) -> type[BaseModel]:
    """A model with a dataclass's fields; dataclasses within it are described because it is."""
    schema = create_model("One", __config__=DESCRIBED, one=(kind, ...)).model_json_schema()["$defs"][kind.__name__]
    fields: dict[str, Any] = {
        name: (hint, Field(description=schema["properties"][name].get("description")))
        for name, hint in get_type_hints(kind).items()
    }
    return create_model(kind.__name__, __config__=DESCRIBED, __doc__=kind.__doc__, **fields)
