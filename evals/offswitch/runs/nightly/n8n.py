"""A nightly run as a workflow of n8n's: requests to the server of `offswitch mcp --http`, and no command.

Neither the server's address nor its token is in the file. The address is a variable of n8n's or of its environment; the
token is a credential of the kind Bearer Auth, which is chosen once for each request to the server.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from offswitch.runs.nightly.night import BROKEN, KEPT, NOT_ENOUGH, SAID, VIOLATED, Nightly

URL, NOTICE_URL = "OFFSWITCH_URL", "OFFSWITCH_NOTICE_URL"
"""variables: the server's address, and where notices go as JSON with one field, `text`"""
RUNNING, FINISHED = "running", "finished"
"""what the server says of a run in the field `state`; by anything else it has failed, died or been cancelled"""
BEGIN, START, WAIT, LOOK = "Every night", "Start the run", "Wait", "Look at the run"
STATE, GATE, ANSWER = "What became of the run", "Ask the gate", "What the gate says"
TOLD = {KEPT: "Kept", VIOLATED: "Tell of a violation", NOT_ENOUGH: "Tell of too little evidence"}
TOLD_BROKEN = "Tell of a broken night"
WAIT_MINUTES = 5
VERSIONS = {"scheduleTrigger": 1.2, "httpRequest": 4.2, "wait": 1.1, "switch": 3.2, "noOp": 1}
"""kind of node -> version of its parameters"""
NEXT: dict[str, list[str]] = {
    BEGIN: [START],
    START: [WAIT, TOLD_BROKEN],
    WAIT: [LOOK],
    LOOK: [STATE, TOLD_BROKEN],
    STATE: [WAIT, GATE, TOLD_BROKEN],
    GATE: [ANSWER, TOLD_BROKEN],
    ANSWER: [*TOLD.values(), TOLD_BROKEN],
}
"""node -> the next one by each of its outputs; the second output of a request to the server is that of its errors"""


class _Code(str):
    """Part of an expression that n8n evaluates; every other text is said as it is."""


def n8n_workflow(night: Nightly, plan: str, limits: Mapping[str, str]) -> str:
    """The workflow as JSON, with the fields alone that n8n's own interface for making one takes.

    Args:
        night: when, and what it is called.
        plan: the name under which the server keeps the plan.
        limits: what the gate is asked beside the logs: the plan again, or a policy as YAML.
    """
    nodes = [*_requests(night, plan, limits), *_others(night)]
    workflow = {
        "name": night.title,
        "nodes": nodes,
        "connections": {
            name: {"main": [[{"node": one, "type": "main", "index": 0}] for one in following]}
            for name, following in NEXT.items()
        },
        "settings": {"executionOrder": "v1"},
    }
    return json.dumps(workflow, indent=2, ensure_ascii=False) + "\n"


def _requests(night: Nightly, plan: str, limits: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is asked of the server. Each may be asked again: a run of the same name and plan is not begun twice."""
    name = _Code(f"{_literal(night.file)} + '-' + $('{BEGIN}').first().json.timestamp.slice(0, 10)")
    run = f"$('{START}').first().json.run"
    asked = {
        START: _post(f"={_variable(URL)}/runs", {"name": name, "plan": plan}),
        LOOK: {"method": "GET", "url": f"={_variable(URL)}/runs/{{{{ encodeURIComponent({run}) }}}}"},
        GATE: _post(f"={_variable(URL)}/gate", {"logs": _Code(run), **limits}),
    }
    token = {"authentication": "genericCredentialType", "genericAuthType": "httpBearerAuth"}
    again = {"onError": "continueErrorOutput", "retryOnFail": True, "maxTries": 5, "waitBetweenTries": 5000}
    return [_node(name, "httpRequest", parameters | token) | again for name, parameters in asked.items()]


def _others(night: Nightly) -> list[dict[str, Any]]:
    """What begins, waits, decides and tells."""
    at = {"field": "days", "daysInterval": 1, "triggerAtHour": night.hour, "triggerAtMinute": night.minute}
    notices = {name: SAID[code] for code, name in TOLD.items() if code != KEPT} | {TOLD_BROKEN: BROKEN}
    return [
        _node(BEGIN, "scheduleTrigger", {"rule": {"interval": [at]}}),
        _node(WAIT, "wait", {"resume": "timeInterval", "amount": WAIT_MINUTES, "unit": "minutes"}),
        _node(STATE, "switch", _switch("state", "string", [RUNNING, FINISHED])),
        _node(ANSWER, "switch", _switch("exit", "number", [*SAID])),
        _node(TOLD[KEPT], "noOp", {}),
        *(
            _node(name, "httpRequest", _post(f"={_variable(NOTICE_URL)}", {"text": f"{night.title}: {said}"}))
            for name, said in notices.items()
        ),
    ]


def _node(name: str, kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"offswitch nightly {name}")),
        "name": name,
        "type": f"n8n-nodes-base.{kind}",
        "typeVersion": VERSIONS[kind],
        "position": _place(name),
        "parameters": parameters,
    }


def _place(name: str) -> list[int]:
    """In pixels: what follows from left to right, and notices below each other."""
    line, told = [*NEXT], [*TOLD.values(), TOLD_BROKEN]
    return [220 * line.index(name), 0] if name in NEXT else [220 * len(line), 160 * told.index(name)]


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": "POST", "url": url, "sendBody": True, "specifyBody": "json", "jsonBody": _json(body)}


def _json(body: dict[str, Any]) -> str:
    """An expression that gives the body as JSON."""
    fields = (
        f"{_literal(name)}: {value if isinstance(value, _Code) else _literal(value)}" for name, value in body.items()
    )
    return f"={{{{ JSON.stringify({{ {', '.join(fields)} }}) }}}}"


def _literal(text: str) -> str:
    """A text within an expression, which ends at the first }} wherever that stands."""
    return re.sub("[{}]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text))


def _variable(name: str) -> str:
    """A variable of n8n's, or one of its environment where there is none."""
    return f"{{{{ $vars.{name} || $env.{name} }}}}"


def _switch(field: str, kind: str, values: list[Any]) -> dict[str, Any]:
    """An output for each value of a field, and one more for any other."""
    rules = [{"conditions": _equals(field, kind, value)} for value in values]
    return {"rules": {"values": rules}, "options": {"fallbackOutput": "extra"}}


def _equals(field: str, kind: str, value: Any) -> dict[str, Any]:
    condition = {
        "id": str(uuid5(NAMESPACE_URL, f"offswitch nightly {field} {value}")),
        "leftValue": f"={{{{ $json.{field} }}}}",
        "rightValue": value,
        "operator": {"type": kind, "operation": "equals"},
    }
    options = {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 2}
    return {"options": options, "conditions": [condition], "combinator": "and"}
