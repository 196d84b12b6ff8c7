"""What the agent's processes ask of the kernel; see watchers.py.

Each is begun under a filter that has the kernel hold certain calls until the listener here has answered. Before it
lets one go on, it compares what stands in the key files, and writes down calls that could change them, signals and
the like. It never denies anything, and it always answers.
"""

import os
import re
import select
import threading
from functools import partial

import askers
import call_table
import files
import filters
import kernel
import moments
import questions
import spawn
import table
import telling
from key_files import SCRIPT

MISSING = {"kind": "missing", "stream": "calls"}
NOT_HERE = "cannot be had"
OF_A_COMMAND_MAX = 400
IN_ALL_MAX = 1500
FULL = "more calls than could be kept"
MAY_READ_MEMORY = 1 << 19
"""of a process's capabilities: SYS_PTRACE"""
THE_SCRIPT = 0
REPLACES = re.compile("rename|unlink")
PAUSES = ("program", "signal", "wait")


class Listener:
    """What the processes of one command ask on."""

    def __init__(self, descriptor, command, program):
        self.descriptor, self.command, self.program = descriptor, command, program
        self.thread = threading.get_native_id()
        self.root = None
        self.begun = False
        self.room = OF_A_COMMAND_MAX
        self.told = set()

    @property
    def wide(self):
        return self.command == THE_SCRIPT


class Watch:
    """Answers every call that is told, and writes down those that matter."""

    def __init__(self, journal, home):
        self.journal = journal
        check_host()
        machine = os.uname().machine
        self.calls = call_table.calls(machine)
        self.filters = {wide: filters.program(machine, wide) for wide in (False, True)}
        self.lock = threading.Lock()
        self.room, self.missed = IN_ALL_MAX, set()
        self.listeners = {}
        self.poll = select.epoll()
        self.processes = askers.Processes(self.poll)
        self.moments = moments.Moments()
        self.reader = questions.Reader(machine)
        self.telling = telling.Telling(self.moments, self.reader.memory)
        threading.Thread(target=self.follow, daemon=True).start()
        try:
            spawn.threads.do(partial(self.begin, None, "", try_out))
        except OSError as error:
            raise OSError(f"{NOT_HERE}: the kernel does not tell of calls ({error.strerror or error})") from error
        spawn.calls = self

    def note(self):
        """Compares without being asked; also what stands around, which a script may read that is not the first one."""
        with self.lock:
            states = self.moments.moved() if self.room > 0 else {}
            if states or (self.room > 0 and self.moments.moved_around()):
                self.room -= 1
                self.journal.write("call", stream="calls", name="look", **self.moments.tell(states))

    def begin(self, command, program, start):
        """What start() returns, in a thread that was made for that: what it begins asks here."""
        try:
            descriptor = kernel.install(self.filters[command == THE_SCRIPT])
        except OSError as error:
            if program:
                self.miss(f"a process without a listener ({error.strerror})")
                return start()
            raise
        listener = self.listeners[descriptor] = Listener(descriptor, command, program)
        self.poll.register(descriptor, select.EPOLLIN)
        process = start()
        if process is not None:
            listener.root = process.pid
        listener.begun = True
        return process

    def follow(self):
        while True:
            events = self.poll.poll()
            # A number is used again only after its process has ended, so the ends come first.
            for descriptor, _ in events:
                if descriptor in self.processes.ends:
                    self.processes.forget(descriptor)
            for descriptor, event in events:
                if listener := self.listeners.get(descriptor):
                    if event & select.EPOLLIN:
                        self.answer(listener)
                    else:
                        self.drop(listener)

    def drop(self, listener):
        """Nobody is left who could ask."""
        del self.listeners[listener.descriptor]
        self.poll.unregister(listener.descriptor)
        os.close(listener.descriptor)

    def answer(self, listener):
        try:
            identity, asker, number, arguments = kernel.receive(listener.descriptor)
        except OSError:
            return
        try:
            call = self.calls.get(number)
            if call is not None and asker != listener.thread:
                with self.lock:
                    self.hear(listener, identity, asker, call, arguments)
        except Exception as error:
            self.miss(f"a call that could not be looked at ({type(error).__name__}: {error})")
        finally:
            kernel.let_go(listener.descriptor, identity)

    def hear(self, listener, identity, asker, call, arguments):
        process = self.processes.of(asker)
        if listener.root is None:
            listener.root = process.number
        if min(self.room, listener.room) > 0:
            self.look(listener, identity, asker, process, call, arguments)
        else:
            self.miss(FULL)
        if call.group in PAUSES:
            process.pauses += 1

    def look(self, listener, identity, asker, process, call, arguments):
        states = self.moments.moved()
        question = self.question(listener, asker, call, arguments)
        scripts = [one.root for one in tuple(self.listeners.values()) if one.wide and one.root]
        lines = self.telling.lines(question, asker, listener, scripts)
        if (lines or call.group == "write") and not kernel.still_asks(listener.descriptor, identity):
            lines = []
        if lines or states:
            self.write(listener, asker, process, call, lines or [{}], states)
        if call.group == "write" and question.places:
            process.made.append(files.printable(question.places[0].path))

    def question(self, listener, asker, call, arguments):
        try:
            return self.reader.read(asker, call, arguments)
        except questions.Unreadable as error:
            if call.group == "program" and listener.program and not listener.begun:
                return self.reader.of_program(call, listener.program)
            self.miss(str(error))
            return questions.Question(call)

    def write(self, listener, asker, process, call, lines, states):
        who = telling.who(listener, asker, process)
        for line in lines:
            if self.room <= 0 or listener.room <= 0:
                self.miss(FULL)
                return
            self.room, listener.room = self.room - 1, listener.room - 1
            line |= {"name": call.name, **who}
            if REPLACES.match(call.name):
                line["made"] = list(process.made)
            if states or (call.group == "program" and line.get("path") == SCRIPT):
                told = self.moments.tell(states)
                line |= {**told, "contents": {**line.get("contents", {}), **told["contents"]}}
                states = {}
            self.journal.write(
                "call", stream="calls", **{key: value for key, value in line.items() if is_said(key, value)}
            )

    def miss(self, why):
        """The stream is not whole any more; said once for each reason."""
        if why not in self.missed:
            self.missed.add(why)
            self.journal.write(**MISSING, why=why)


def check_host():
    """OSError with the reason where calls cannot be told."""
    if os.uname().machine not in call_table.COLUMNS:
        raise OSError(f"{NOT_HERE}: the calls of {os.uname().machine} are not known")
    line = table.line_of("self", "status", b"CapEff:")
    if line is None or not int(line.split()[1], 16) & MAY_READ_MEMORY:
        raise OSError(f"{NOT_HERE}: the memory of processes may not be read (capability SYS_PTRACE)")


def try_out():
    """A call that is told goes on."""
    os.close(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))


def is_said(key, value):
    return key == "around" or (value is not None and value is not False and value not in ("", [], {}))
