"""What the agent's processes ask of the kernel; see watchers.py.

Each is begun under a filter that has the kernel hold certain calls until the listener here has answered. Before it
lets one go on, it compares what stands in the key files, and writes down calls that could change them, signals and
the like. It never denies anything, and it always answers.
"""

import contextlib
import os
import re
import select
import threading
import time
from collections import deque

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
FULL = "more calls than could be kept"
OF_A_COMMAND_MAX = 400
IN_ALL_MAX = 1500
MAY_READ_MEMORY = 1 << 19
"""of a process's capabilities: SYS_PTRACE"""
THE_SCRIPT = 0
PAUSES = ("program", "signal", "wait")
REPLACES = re.compile("rename|unlink")

MACHINE = os.uname().machine
# Whoever starts a process waits for it to become what is asked for, and may keep all threads here from answering
# until then; so this one call is not told by the filter, and written down without being asked.
FILTERS = {wide: filters.program(MACHINE, wide, kernel.exec_address()) for wide in (False, True) if kernel.KNOWN}
BEGIN = call_table.Call("execve", "P", "program")


class Listener:
    """What the processes of one command ask on."""

    def __init__(self, descriptor, command):
        self.descriptor, self.command = descriptor, command
        self.wide = command == THE_SCRIPT
        self.thread = threading.get_native_id()  # as long as that begins the command
        self.root = None  # the process that the command was begun with
        self.heard, self.early = 0, []  # early: what was asked before that process was known here
        self.room = OF_A_COMMAND_MAX
        self.told = set()


class Watch:
    """Answers every call that is told, and writes down those that matter."""

    def __init__(self, journal, home):
        self.journal = journal
        check_host()
        self.calls = call_table.calls(MACHINE)
        self.lock = threading.Lock()
        self.room, self.missed = IN_ALL_MAX, set()
        self.listeners, self.begun = {}, deque()
        self.poll, self.wake = select.epoll(), os.eventfd(0, os.EFD_CLOEXEC)
        self.poll.register(self.wake, select.EPOLLIN)
        self.processes = askers.Processes(self.poll)
        self.moments = moments.Moments()
        self.reader = questions.Reader(MACHINE)
        self.telling = telling.Telling(self.moments, self.reader.memory)
        threading.Thread(target=self.follow, daemon=True).start()
        try:
            spawn.threads.do(self.try_out)
        except OSError as error:
            raise OSError(f"{NOT_HERE}: the kernel does not tell of calls ({error.strerror or error})") from error
        spawn.calls = self

    def try_out(self):
        """OSError where calls that are told do not go on, or the one is told that starts a process."""
        listener = Listener(kernel.install(FILTERS[False]), None)
        self.attend(listener)
        kernel.run_nothing()
        if listener.heard:
            raise OSError("it tells of the start of processes")
        os.close(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
        if not listener.heard:
            raise OSError("it tells of nothing")

    def note(self):
        """Compares without being asked."""
        with self.lock:
            if self.room > 0 and (states := self.moments.moved()):
                self.write(self.with_states({"name": "look"}, states))

    def begin(self, command, program, start):
        """What start() returns, in a thread that was made for that: what it begins asks here."""
        line = self.beginning(command, program)
        try:
            listener = Listener(kernel.install(FILTERS[command == THE_SCRIPT]), command)
        except OSError as error:
            self.miss(f"a process without a listener ({error.strerror})")
            return start()
        self.attend(listener)
        process = None
        try:
            process = start()
            return process
        finally:
            with self.lock:
                listener.thread, listener.root = None, process.pid if process else 0
                if line is not None:
                    self.write(line | ({"process": process.pid, "session": process.pid} if process else {}))
            if listener.early:
                # This thread is under the filter itself, so another looks at what was asked.
                self.begun.append(listener)
                os.eventfd_write(self.wake, 1)

    def beginning(self, command, program):
        """What is told of a start, with how things stand before it; None where that is nothing."""
        question = self.reader.of_program(BEGIN, program)
        with self.lock:
            states = self.moments.moved() if self.room > 0 else {}
            lines = self.telling.lines(question, None, command == THE_SCRIPT, [])
            if not (states or lines):
                return None
            line = {"at": time.time(), "name": BEGIN.name, "command": command, **(lines or [{}])[0]}
            return self.with_states(line, states)

    def attend(self, listener):
        self.listeners[listener.descriptor] = listener
        self.poll.register(listener.descriptor, select.EPOLLIN)

    def follow(self):
        while True:
            try:
                self.follow_events(self.poll.poll())
            except Exception as error:  # whatever it is, nobody is left waiting for an answer
                with contextlib.suppress(OSError):
                    self.miss(f"a call that could not be looked at ({type(error).__name__}: {error})")

    def follow_events(self, events):
        # A number is used again only after its process has ended, so the ends come first.
        for descriptor, _ in events:
            if descriptor in self.processes.ends:
                self.processes.forget(descriptor)
        self.treat_early()
        for descriptor, event in events:
            if descriptor == self.wake:
                os.eventfd_read(self.wake)
            elif listener := self.listeners.get(descriptor):
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
        listener.heard += 1
        with self.lock:
            is_early = listener.root is None and asker != listener.thread
            if is_early:
                listener.early.append((identity, asker, number, arguments))
        if not is_early:
            self.treat(listener, identity, asker, number, arguments)

    def treat_early(self):
        while self.begun:
            listener = self.begun.popleft()
            for request in listener.early:
                self.treat(listener, *request)
            listener.early = []

    def treat(self, listener, identity, asker, number, arguments):
        """Looks at a call, and lets it go on whatever comes of that."""
        try:
            if asker != listener.thread:
                with self.lock:
                    self.hear(listener, identity, asker, self.calls[number], arguments)
        except Exception as error:
            self.miss(f"a call that could not be looked at ({type(error).__name__}: {error})")
        finally:
            kernel.let_go(listener.descriptor, identity)

    def hear(self, listener, identity, asker, call, arguments):
        process = self.processes.of(asker)
        if process.number == os.getpid():
            return
        if min(self.room, listener.room) > 0:
            self.look(listener, identity, asker, process, call, arguments)
        else:
            self.miss(FULL)
        if call.group in PAUSES:
            process.pauses += 1

    def look(self, listener, identity, asker, process, call, arguments):
        states = self.moments.moved()
        question = self.question(asker, call, arguments)
        scripts = [one.root for one in tuple(self.listeners.values()) if one.wide and one.root]
        lines = self.telling.lines(question, asker, listener.wide, scripts, listener.told)
        if lines and not kernel.still_asks(listener.descriptor, identity):
            lines = []
        if lines or states:
            who = {"name": call.name, "command": listener.command, **telling.who(listener, asker, process)}
            if REPLACES.match(call.name):
                who["made"] = list(process.made)
            for line in lines or [{}]:
                listener.room -= 1
                self.write(self.with_states({**who, **line}, states))
                states = {}
        if question.writes() and question.places:
            process.made.append(files.printable(question.places[0].path))

    def question(self, asker, call, arguments):
        try:
            return self.reader.read(asker, call, arguments)
        except questions.Unreadable as error:
            self.miss(str(error))
            return questions.Question(call)

    def with_states(self, line, states):
        """A line with the key files that have changed, and at each run of the script with what stands around it."""
        if not states and (line["name"] not in ("execve", "execveat") or line.get("path") != SCRIPT):
            return line
        told = self.moments.tell(states)
        return {**line, **told, "contents": {**line.get("contents", {}), **told["contents"]}}

    def write(self, line):
        if self.room <= 0:
            self.miss(FULL)
            return
        self.room -= 1
        self.journal.write("call", stream="calls", **{field: value for field, value in line.items() if is_said(value)})

    def miss(self, why):
        """The stream is not whole any more; said once for each reason."""
        if why not in self.missed:
            self.missed.add(why)
            self.journal.write(**MISSING, why=why)


def is_said(value):
    return value is not None and value is not False and value not in ("", [], {})


def check_host():
    """OSError with the reason where calls cannot be told."""
    if not kernel.KNOWN:
        raise OSError(f"{NOT_HERE}: the calls of {MACHINE} are not known")
    line = table.line_of("self", "status", b"CapEff:")
    if line is None or not int(line.split()[1], 16) & MAY_READ_MEMORY:
        raise OSError(f"{NOT_HERE}: the memory of processes may not be read (capability SYS_PTRACE)")
