"""Checks a user's generation settings and Inspect options, and converts them to the form that Inspect takes."""

import json
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any, cast

import yaml

# The readers of the options of `inspect eval`, so that they mean the same here; Inspect has no public names for them.
from inspect_ai._cli.util import parse_model_role_cli_args
from inspect_ai._util.config import resolve_args
from inspect_ai._util.dotenv import init_dotenv
from inspect_ai._util.generate_config_args import config_from_locals
from inspect_ai.approval._policy import approval_policies_from_config, config_from_approval_policies
from inspect_ai.model import GenerateConfig, Model, ModelCost, ModelRoles, set_model_cost
from inspect_ai.model._cache import _parse_expiry  # pyright: ignore[reportPrivateUsage]
from inspect_ai.model._model_info import _get_model_info_direct  # pyright: ignore[reportPrivateUsage]
from inspect_ai.model._util import resolve_model_roles
from inspect_ai.util._limit import parse_token_limit, token_limit_fields
from pydantic import ValidationError

from offswitch.errors import InputError
from offswitch.refusals import as_input_error
from offswitch_prompts.strict_yaml import load_yaml

LEAST = {
    "max_retries": 0, "max_connections": 1, "timeout": 1, "attempt_timeout": 1, "stream_idle_timeout": 1,
    "max_tokens": 1, "num_choices": 1, "adaptive_connections": 1, "batch": 1,
}  # fmt: skip
"""the smallest values; with less, Inspect would wait for ever, or never ask"""
FROM_TEXT = ("cache", "batch", "stop_seqs", "fallback_models", "logit_bias", "modalities", "adaptive_connections")
BOUNDS = {"attempt_timeout": 600, "timeout": 1800}
"""default seconds: how long to wait for one attempt, and for an answer with all its retries"""
ENVIRONMENT = "INSPECT_EVAL_"
"""prefix of Inspect's environment variables for the options of `inspect eval`"""
LIMITS = ("time_limit", "working_limit", "token_limit", "turn_limit", "cost_limit")


def read_environment() -> None:
    """Reads the `.env` of the working directory, or of one above it, as `inspect eval` does; InputError if it fails."""
    try:
        init_dotenv()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f".env: cannot be read ({why}); mend it, or move it away") from error


def from_environment(names: Iterable[str]) -> dict[str, Any]:
    """The values that the environment gives to these settings or options, such as INSPECT_EVAL_TEMPERATURE=0."""
    given = {name: os.environ.get(ENVIRONMENT + name.upper(), "").strip() for name in names}
    try:
        return {name: load_yaml(text) for name, text in given.items() if text}
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"environment: {ENVIRONMENT}...: {' '.join(str(error).split())}") from error


def generation_settings(given: Mapping[str, Any], option: str = "-G") -> dict[str, Any]:
    """Generation settings as plain values; InputError for a name that Inspect does not know, or a wrong value."""
    known = GenerateConfig.model_fields
    settings: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise InputError(f"{option} {name}: Inspect has no such generation setting; there are {', '.join(known)}")
        settings |= _one_setting(f"{option} {name}", name, value)
    return settings


def _one_setting(what: str, name: str, value: Any) -> dict[str, Any]:
    with _refusing(what):
        if name in FROM_TEXT and (isinstance(value, str) or (name == "cache" and type(value) is int)):
            # As on Inspect's command line: a time, a file, or texts separated by commas.
            value = cast(Mapping[str, Any], config_from_locals({name: value}))[name]
        told = json.dumps({name: value}, default=_plain, allow_nan=False)
        # Validated strictly, from JSON: a text is no number, and a mapping may stand for an object. Not strictly
        # for logit_bias, because JSON turns the keys of a mapping into texts.
        config = GenerateConfig.model_validate_json(told, strict=name != "logit_bias")
        if expiry := getattr(config.cache, "expiry", None):
            _parse_expiry(expiry)  # checked here, because a wrong one would fail every trial
    least = LEAST.get(name)
    if least is not None and type(value) is int and value < least:
        raise InputError(f"{what}: must be at least {least}, not {value}")
    return config.model_dump(mode="json", exclude_none=True)


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(exclude_none=True)
    raise ValueError(f"{value} is neither a number nor a text")


@contextmanager
def _refusing(what: str) -> Generator[None]:
    """Turns whatever error Inspect's readers raise into an InputError of one line that begins with `what`."""
    try:
        with as_input_error(f"{what}: "):
            yield
    except InputError:
        raise
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{what}: {first['msg']}, not {first['input']!r}") from error
    except Exception as error:  # each reader has its own errors
        told = getattr(error, "message", None) or str(error) or type(error).__name__
        raise InputError(f"{what}: {' '.join(str(told).split())}") from error


def as_config(settings: Mapping[str, Any]) -> GenerateConfig:
    """The settings as an object of Inspect's."""
    return GenerateConfig.model_validate_json(json.dumps(settings))


def generation_arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for Inspect's eval: the settings, with default time limits where they set none."""
    # A batch takes hours, so it gets no default limits.
    whole = settings if settings.get("batch") else {**BOUNDS, **settings}
    config = as_config(whole)
    return {name: getattr(config, name) for name in whole}


def checked_options(options: Mapping[str, Any], model: Model) -> None:
    """InputError if Inspect would refuse one of these options, or lacks a price that a cost limit needs."""
    for option, check in CHECKS.items():
        if options.get(option) is not None:
            # Not shown, because a role's model may come with a key.
            given = "" if option == "model_role" else f" {options[option]}"
            with _refusing(f"--{option.replace('_', '-')}{given}"):
                check(options[option])
    if options.get("cost_limit") is not None:
        for one in (model, *chain.from_iterable(models_of_roles(options).values())):
            if prices_of(one) is None:
                raise InputError(f"--cost-limit: Inspect knows no price of {one}; give --model-cost-config FILE")


def models_of_roles(options: Mapping[str, Any]) -> dict[str, list[Model]]:
    """Role -> its models."""
    resolved = resolve_model_roles(model_roles(options.get("model_role") or [])) or {}
    return {role: given if isinstance(given, list) else [given] for role, given in resolved.items()}


def eval_arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as Inspect's eval takes them."""
    given = {name: value for name, value in options.items() if value is not None}
    roles = given.pop("model_role", None)
    return {**given, **({"model_roles": model_roles(roles)} if roles else {})}


def told_config(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a log's configuration will record of these options, as far as conditions depend on it."""
    told = {name: options.get(name) for name in LIMITS}
    told["token_limit"], told["token_limit_type"] = token_limit_fields(told["token_limit"])
    # Logs record dollars as a float, such as 1.0.
    told["cost_limit"] = None if told["cost_limit"] is None else float(told["cost_limit"])
    if options.get("approval") is not None:
        policies = approval_policies_from_config(options["approval"])
        told["approval"] = config_from_approval_policies(policies).model_dump(exclude_none=True)
    return {name: value for name, value in told.items() if value is not None}


def asks_a_person(options: Mapping[str, Any]) -> bool:
    """Whether one of the approvers is a person at the terminal."""
    approvers = told_config(options).get("approval", {}).get("approvers", ())
    return any(approver["name"] == "human" for approver in approvers)


def model_roles(given: list[str]) -> ModelRoles:
    """ROLE=MODEL texts as Inspect takes them; ValueError for any other text, which Inspect would ignore."""
    if wrong := [text for text in given if not text.partition("=")[0] or "=" not in text]:
        raise ValueError(f"{wrong[0]} is not ROLE=MODEL")
    return parse_model_role_cli_args(tuple(given))


def prices_of(model: Model) -> ModelCost | None:
    """The model's prices, if Inspect knows them. Looked up directly: by name, Inspect would load the model anew."""
    known = _get_model_info_direct(model)
    return known.cost if known else None


def context_of(model: Model) -> int | None:
    """How many tokens the model can read, if Inspect knows; looked up like prices."""
    known = _get_model_info_direct(model)
    return known.input_tokens if known else None


def _read_prices(path: str) -> None:
    for model, price in resolve_args(path).items():
        set_model_cost(model, ModelCost.model_validate(price))


def _check_positive(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError("must be a number above 0")


def _check_count(value: Any) -> None:
    if type(value) is not int or value <= 0:
        raise ValueError("must be a whole number above 0")


def _check_retries(value: Any) -> None:
    # A bool is allowed, because in Inspect's variable `true` means 1.
    if not isinstance(value, int) or value < 0:
        raise ValueError("must be a whole number")


CHECKS: Mapping[str, Callable[[Any], object]] = {
    "model_cost_config": _read_prices,
    "approval": approval_policies_from_config,
    "model_role": lambda given: resolve_model_roles(model_roles(given)),
    "token_limit": lambda given: parse_token_limit(str(given)),
    "time_limit": _check_count,
    "working_limit": _check_count,
    "turn_limit": _check_count,
    "cost_limit": _check_positive,
    "retry_on_error": _check_retries,
    "max_samples": _check_count,
}
