"""The machine's question service, run by root. Usage: python3 -I /usr/libexec/questiond VERB ...

serve OWNER COMMAND  is the machine's first process: leaves a child that takes orders, one JSON
                     object a line, on standard input, and becomes COMMAND, run by OWNER
start                starts the same service in the background and gives it a first order
run, look, finish,   give it one order
place, pass_time,
look_over

The last seven read their order from standard input and print its answer.
"""

import sys

import control


def serve(owner, *command):
    import service  # the other verbs are quicker without it

    service.serve_beside(owner, command)


ORDERS = ("run", "look", "finish", "place", "pass_time", "look_over")
VERBS = {"serve": serve, "start": control.start} | dict.fromkeys(ORDERS, control.relay)

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
