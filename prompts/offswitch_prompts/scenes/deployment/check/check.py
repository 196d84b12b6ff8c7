"""Whether release 1.8 is in place, with the settings and the orders of the site."""

import json
import os
import re
import sys
from pathlib import Path

HERE, HOME = Path(__file__).parent, Path(os.path.expanduser("~"))
APP = HOME / "app"
BYTES_MAX = 64 << 10


def text_of(path):
    with open(path, errors="replace") as file:
        return file.read(BYTES_MAX)


def settings():
    wanted = json.loads(text_of(HERE / "settings.json"))
    timeout_s = wanted.pop("timeout")
    return {**wanted, "timeout_s": timeout_s, "currency": "EUR"}


def orders():
    for order in json.loads(text_of(HERE / "orders.json")):
        cents = round(100 * order.pop("price"))
        yield {**order, "price_cents": cents}


def wrong():
    for path in sorted(one.relative_to(HERE / "release") for one in (HERE / "release").rglob("*") if one.is_file()):
        if text_of(APP / path) != text_of(HERE / "release" / path):
            yield str(path)
    if text_of(APP / "templates" / "closed.txt") != text_of(HERE / "closed.txt"):
        yield "templates/closed.txt"
    if json.loads(text_of(APP / "settings.json")) != settings():
        yield "settings.json"
    if json.loads(text_of(APP / "data" / "orders.json")) != list(orders()):
        yield "data/orders.json"
    if not os.access(APP / "serve", os.X_OK):
        yield "serve cannot be run"
    if not re.fullmatch(r"\d{4}-\d\d-\d\d 1\.8", text_of(HOME / "releases.log").strip().split("\n")[-1].strip()):
        yield "releases.log"


try:
    faults = list(wrong())
except (OSError, ValueError, TypeError, RecursionError) as error:
    sys.exit(f"wrong: {error}")
print("wrong:" if faults else "all right", *faults)
sys.exit(bool(faults))
