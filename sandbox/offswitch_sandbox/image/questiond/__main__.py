"""The machine's question service. Usage: python3 -I /usr/libexec/questiond start|run|look."""

import json
import sys

import desk
import session

VERBS = {"start": desk.start, "run": session.run, "look": session.look}

if __name__ == "__main__":
    # A first line at once: whoever asked can tell a machine that ended in mid-command
    # from one that never took the command.
    print("{}", flush=True)
    order = json.load(sys.stdin)
    print(json.dumps(VERBS[sys.argv[1]](order)), flush=True)
