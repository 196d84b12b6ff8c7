"""The service: takes orders, one JSON object a line, and answers each.

An order is {"id", "verb", "order"}, its answer {"id", "answer"} or {"id", "error"}. Lines of the
desk's journal go out as they are written, {"journal"}.
"""

import contextlib
import json
import os
import signal
import socket
import threading
import time

import attendance
import callers
import credentials
import desk
import files
import jobs
import journal
import key_files
import looking_over
import programs
import session
import spawn
import table
import threads
import user
from key_files import CLIENT, HAND_IN, HOME, SCRIPT

FIRST_WAIT_S = 100
"""less than who gives the order waits for its answer, so that the reason gets there"""
NAMES = {
    "/etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n",
    "/etc/resolv.conf": "",
}


class Service:
    """What serves a machine, from the inside; one that serves from outside overrides the methods below."""

    def __init__(self, tell=None, first=1):
        self.desk = None
        self.tell = tell
        self.first = first
        threading.Thread(target=spawn.watch, daemon=True).start()
        spawn.threads = threads.Threads(self.begin_thread)
        self.verbs = {
            "start": self.start,
            "run": self.run,
            "look": self.look,
            "finish": self.finish,
            "pass_time": self.pass_time,
            "look_over": self.look_over,
            "exec": programs.run,
            "read": programs.read,
            "write": programs.write,
            "place": programs.place,
            "job_begin": jobs.begin,
            "job_ask": jobs.ask,
            "job_end": jobs.end,
        }

    def begin_thread(self):
        """Called in every thread that starts processes."""

    def begin_aside(self):
        """Called in the thread of an order that is not the user's; it may do what he may."""
        self.begin_thread()

    def new_journal(self):
        """Told line by line, because this process ends with the machine."""
        return journal.Journal(journal.PATH, self.tell)

    def listen(self):
        """The socket to which the user's client connects."""
        return callers.listen()

    def place(self):
        """The directory of that socket, in which nobody else can make a file."""
        return os.open(callers.PLACE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def check(self):
        """Raises where the machine has ended or is ending."""

    def answer(self, message, aside=False):
        """To an order; aside: in a thread of its own, which has yet to begin."""
        try:
            if aside:
                self.begin_aside()
            self.check()
            answer = self.verbs[message["verb"]](message.get("order") or {})
            self.check()
        except Exception as error:  # the order's fault or the machine's: whoever gave it is told
            return {"id": message.get("id"), "error": str(error)[:400], "kind": type(error).__name__}
        return {"id": message.get("id"), "answer": answer}

    def start(self, order):
        wait_for_first(self.first)
        place = self.place()
        if not order["asked"]:
            user.take_from_home(CLIENT)
            callers.leave_message(place, "")
        lay_out_key_file(order["key_file"])
        if "files" in order:
            programs.place(order)
        if order["hand_in"]:
            user.put_at_home(HAND_IN, order["hand_in"]["client"], 0o755)
        make = credentials.CredentialDesk if order["credentials"] else desk.Desk
        self.desk = make(order, self.new_journal(), self.first, place, self.tell)
        self.desk.open(self.listen(), self.begin_thread)
        return {"ready": True, **files.tree_and_contents()}

    def run(self, order):
        """order: command, timeout_s, skip (journal lines that are known), due_now, command_number."""
        if order.get("due_now") and not self.desk.make_due():
            return {**session.not_started("it is not due"), **self.look(order)}
        with self.desk.time.going_on():
            done = session.run(order["command"], order["timeout_s"], order.get("command_number"))
        self.check()
        return {**done, **self.look(order)}

    def finish(self, order):
        """What was put off to the end comes now. order: probe (only where it has not come), skip."""
        if not order.get("probe") or self.desk.make_due():
            self.desk.finish()
        self.check()
        return self.look(order)

    def pass_time(self, order):
        """order: seconds, goes_on (from then on by itself, until a look that has it held), because (what has come
        about before that, if anything), skip."""
        if order.get("because"):
            self.desk.happened(order["because"])
        self.desk.time.pass_time(order["seconds"])
        if order["goes_on"]:
            self.desk.time.go_on()
        self.check()
        return self.look(order)

    def look_over(self, order):
        """What a command finds of the user's work; order: see looking_over."""
        return looking_over.run(order, self.desk.place)

    def look(self, order):
        """What the machine is now, without a command."""
        if order.get("hold_time"):
            self.desk.time.hold()
        answers = self.desk.answers()
        return {**session.look(), "desk_answers": answers, "journal": self.desk.journal.lines[order.get("skip", 0) :]}


def lay_out_key_file(file):
    """What the shutdown hangs on, before anything is watched: the script that is there, or another, or another file."""
    if file["name"] != SCRIPT:
        user.as_user(lambda: os.unlink(os.path.join(HOME, SCRIPT)))
    if file["content"]:
        user.put_at_home(file["name"], file["content"], file["mode"])
    key_files.name_first(file["name"])


def wait_for_first(first):
    """The first process is the last to become what it will be; a signal before that would be lost on it."""
    until = time.monotonic() + FIRST_WAIT_S
    while not table.catches(first, signal.SIGTERM):
        if time.monotonic() > until:
            raise TimeoutError("the first process does not end on SIGTERM")
        time.sleep(0.01)


def serve_beside(owner, command):
    """Leaves a child that takes orders on standard input, and becomes the owner's command; see __main__."""
    name_localhost()
    if user.has_home():
        user.own_home()
        user.lay_out_home(user.home_files())
    if os.fork() == 0:
        os.setsid()
        incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.dup(1)
        leave_standard_streams()
        take_orders(incoming, outgoing)
    leave_standard_streams()
    user.become(owner)
    os.execvp(command[0], command)


def leave_standard_streams():
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)


def name_localhost():
    """An engine that is asked for no network leaves empty files where the names would be."""
    with contextlib.suppress(OSError):  # this engine, or the image, has it otherwise
        for path, text in NAMES.items():
            if os.path.getsize(path) == 0:
                with open(path, "w") as file:
                    file.write(text)
                os.chmod(path, 0o644)


def take_orders(incoming, outgoing):
    lines = attendance.Lines(outgoing)
    spawn.hold_score()
    with contextlib.suppress(OSError):
        attendance.Attendance(Service(lines.tell), incoming, lines).run()
    # Nobody gives orders any more, so nobody needs the machine. Its first process may not listen yet.
    while True:
        os.kill(1, signal.SIGTERM)
        time.sleep(0.5)


def daemon(path, ready_fd):
    """Takes orders on a socket, one a connection; one that comes again with its number is not done again."""
    user.lay_out_home(user.home_files())
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    leave_standard_streams()
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    os.write(ready_fd, b"1")
    os.close(ready_fd)
    spawn.hold_score()
    service, given = Service(), {}
    while True:
        connection, _ = server.accept()
        # An error means that whoever asked is gone.
        with connection, connection.makefile("rb") as incoming, contextlib.suppress(OSError, ValueError):
            for line in incoming:
                message = json.loads(line)
                number = message["order"].get("number")
                if number is None or number not in given:
                    given = {number: service.answer(message)}
                attendance.Lines(connection.fileno()).tell(given[number])
