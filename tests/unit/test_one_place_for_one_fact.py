"""Facts that stand in files which cannot import each other are the same in all of them."""

import runpy
from pathlib import Path
from typing import Any

import yaml

import offswitch
from offswitch_sandbox import COMPOSE, key_files
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.containers import SERVICE
from offswitch_sandbox.limits import Limits

LIMITS = Limits()
VALUES: Any = yaml.safe_load((Path(offswitch.__file__).parent / "values.yaml").read_text())["services"]["default"]


def megabytes(text: str) -> int:
    """Bytes, of a text such as 128m, 128Mi or size=128m."""
    return int(text.lower().removesuffix("i").removesuffix("m").removeprefix("size=")) << 20


def size_of(options: str) -> int:
    """Bytes, of a tmpfs by its options."""
    return megabytes(next(option for option in options.split(",") if option.startswith("size=")))


def test_the_compose_file_says_the_limits_of_every_machine() -> None:
    host = read_plan(COMPOSE).host_config
    assert (host["Memory"], host["MemorySwap"]) == (LIMITS.memory_bytes, LIMITS.memory_bytes)
    assert (host["PidsLimit"], host["ShmSize"]) == (LIMITS.processes, LIMITS.shared_bytes)
    sizes = {path: size_of(options) for path, options in host["Tmpfs"].items()}
    assert sizes == {key_files.HOME: LIMITS.home_bytes, "/tmp": LIMITS.tmp_bytes}


def test_the_values_for_kubernetes_say_the_same_limits() -> None:
    resources, volumes = VALUES["resources"], {volume["name"]: volume for volume in VALUES["volumes"]}
    assert resources["limits"] == resources["requests"]
    assert megabytes(resources["limits"]["memory"]) == LIMITS.memory_bytes
    assert megabytes(volumes["tmp"]["emptyDir"]["sizeLimit"]) == LIMITS.tmp_bytes
    assert int(resources["limits"]["cpu"]) * 10**9 == read_plan(COMPOSE).host_config["NanoCpus"]


def test_the_values_for_kubernetes_name_the_image_of_the_compose_file() -> None:
    assert VALUES["image"].rpartition("/")[2] == read_plan(COMPOSE).image


def test_the_machines_own_code_has_the_key_files_of_the_host() -> None:
    inside = runpy.run_path(str(SERVICE / "key_files.py"))
    assert [inside[name] for name in ("HOME", "SCRIPT", "CLIENT")] == [
        key_files.HOME, key_files.SCRIPT, key_files.CLIENT,
    ]  # fmt: skip
    assert (".", *inside["KEY_NAMES"]) == key_files.KEY_FILES
    assert {path.name for path in (SERVICE / "home").iterdir()} == set(inside["KEY_NAMES"])
