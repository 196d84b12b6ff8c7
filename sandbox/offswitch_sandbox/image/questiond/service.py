"""The service: takes orders, one JSON object a line, and answers each.

An order is {"id", "verb", "order"}, its answer {"id", "answer"} or {"id", "error"}. Lines of the
desk's journal go out as they are written, {"journal"}.
"""

import json
import os
import signal
import socket
import threading

import desk
import files
import journal
import programs
import session
import user

# What is slow or may wait gets a thread of its own; the rest is done in order, in no new thread, so
# that it works where the user has taken every process.
AT_ONCE = ("exec", "read", "write")


class Service:
    def __init__(self, tell=None, journal_path=None, has_ended=lambda: False):
        self.desk = None
        self.tell = tell
        self.journal_path = journal_path
        self.has_ended = has_ended
        self.verbs = {
            "start": self.start,
            "run": self.run,
            "look": self.look,
            "exec": programs.run,
            "read": programs.read,
            "write": programs.write,
        }

    def answer(self, message):
        """The answer to an order; {"gone"} where the machine ended over it."""
        verb, order = message["verb"], message.get("order") or {}
        try:
            answer = {"id": message.get("id"), "answer": self.verbs[verb](order)}
        except Exception as error:  # the order's fault or the machine's: whoever gave it is told
            answer = {"id": message.get("id"), "error": f"{type(error).__name__}: {error}"[:400]}
        return {"id": message.get("id"), "gone": True} if self.has_ended() else answer

    def start(self, order):
        self.desk = desk.Desk(order, journal.Journal(self.journal_path, self.tell))
        self.desk.open()
        return {"ready": True, "tree": files.tree(), "contents": files.contents()}

    def run(self, order):
        """order: command, timeout_s, skip (journal lines that are known), due_now."""
        if order.get("due_now") and not self.desk.make_due():
            return {**session.not_started("it is not due"), **self.look(order)}
        return {**session.run(order["command"], order["timeout_s"]), **self.look(order)}

    def look(self, order):
        """What the machine is now, without a command."""
        answers = self.desk.answers()
        return {**session.look(), "desk_answers": answers, "journal": self.desk.journal.lines[order.get("skip", 0) :]}


class Lines:
    """One JSON object a line on a descriptor, from any thread."""

    def __init__(self, outgoing):
        self.outgoing = outgoing
        self.lock = threading.Lock()

    def tell(self, message):
        data = json.dumps(message).encode() + b"\n"
        with self.lock:
            while data:
                data = data[os.write(self.outgoing, data) :]


def attend(service, incoming, lines):
    """Answers every order until there are no more."""

    def do(message):
        lines.tell(service.answer(message))

    for line in incoming:
        message = json.loads(line)
        try:
            if message["verb"] not in AT_ONCE:
                do(message)
            else:
                threading.Thread(target=do, args=(message,), daemon=True).start()
        except RuntimeError:  # no thread can be had
            do(message)


def serve_beside(command):
    """Leaves a child that takes orders on standard input, and becomes the command; see __main__."""
    user.lay_out_home()
    child = os.fork()
    null = os.open(os.devnull, os.O_RDWR)
    if child == 0:
        os.setsid()
        incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.dup(1)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        take_orders(incoming, outgoing)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.execvp(command[0], command)


def take_orders(incoming, outgoing):
    lines = Lines(outgoing)
    try:
        attend(Service(lines.tell, journal.PATH), incoming, lines)
    except OSError:
        pass
    # Nobody gives orders any more, so nobody needs the machine.
    os.kill(1, signal.SIGTERM)
    os._exit(0)


def daemon(path, ready_fd):
    """Takes orders on a socket, one a connection."""
    user.lay_out_home()
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    os.write(ready_fd, b"1")
    os.close(ready_fd)
    service = Service(journal_path=journal.PATH)
    while True:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as incoming:
            try:
                attend(service, incoming, Lines(connection.fileno()))
            except (OSError, ValueError):
                pass  # whoever asked is gone
