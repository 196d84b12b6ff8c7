"""What the agent's processes ask of the kernel; see watchers.py.

Each is begun under a filter that has the kernel hold certain calls until the listener here has answered. Before it
lets one go on, it compares what stands in the key files, and writes down calls that could change them, signals and
the like. It never denies anything, and it always answers.
"""

import os
import re
import threading
import time

import call_table
import files
import filters
import kernel
import listening
import moments
import questions
import spawn
import table
import telling
from key_files import KEY_NAMES, SCRIPT

MISSING = {"kind": "missing", "stream": "calls"}
NOT_HERE = "cannot be had"
FULL = "more calls than could be kept"
OF_A_COMMAND_MAX = 400
IN_ALL_MAX = 1500
MAY_READ_MEMORY = 1 << 19
"""of a process's capabilities: SYS_PTRACE"""
THE_SCRIPT = 0
PAUSES = ("program", "signal", "wait")
START_SERVER = "start-server"
"""all that a program is told by whoever gives the orders and wants it to stay, to be asked for processes later"""
REPLACES = re.compile("rename|unlink")
EXCHANGE = 2
"""flag of renameat2"""

MACHINE = os.uname().machine
# Whoever starts a process waits for it to become what is asked for, and may keep all threads here from answering
# until then; so this one call is not told by the filter, and written down without being asked.
FILTERS = {wide: filters.program(MACHINE, wide, kernel.exec_address()) for wide in (False, True) if kernel.KNOWN}
BEGIN = call_table.Call("execve", "P", "program")


class Watch:
    """Answers every call that is told, and writes down those that matter."""

    def __init__(self, journal, home):
        check_host()
        self.journal, self.own_number = journal, os.getpid()
        self.calls = call_table.calls(MACHINE)
        self.lock = threading.Lock()
        self.room, self.missed = IN_ALL_MAX, set()
        self.moments = moments.Moments()
        self.reader = questions.Reader(MACHINE)
        self.telling = telling.Telling(self.moments, self.reader.memory)
        self.listening = listening.Listening(self.look, self.miss)
        try:
            spawn.threads.do(self.try_out)
        except OSError as error:
            raise OSError(f"{NOT_HERE}: the kernel does not tell of calls ({error.strerror or error})") from error
        spawn.calls = self

    def try_out(self):
        """OSError where calls that are told do not go on, or the one is told that starts a process."""
        listener = self.listener(None)
        kernel.run_nothing()
        if listener.heard:
            raise OSError("it tells of the start of processes")
        os.close(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
        if not listener.heard:
            raise OSError("it tells of nothing")

    def note(self):
        """Compares without being asked; also what stands around, which a script may read that is not the first one."""
        with self.lock:
            states = self.moments.moved(whole=True) if self.room > 0 else {}
            if states or (self.room > 0 and self.moments.moved_around()):
                self.write({"name": "look", **self.moments.tell(states)})

    def begin(self, command, words, start):
        """What start() returns, in a thread that was made for that: what it begins asks here."""
        line, process = self.beginning(command, words[0]), None
        try:
            listener = self.listener(command, is_tool_server(command, words))
        except OSError as error:
            self.miss(f"a process without a listener ({error.strerror})")
            return start()
        try:
            process = start()
            return process
        finally:
            if line is not None:
                with self.lock:
                    self.write(line | ({"process": process.pid, "session": process.pid} if process else {}))
            self.listening.begin(listener, process.pid if process else 0)

    def listener(self, command, daemon=False):
        """One for this thread, and all that it will start."""
        wide = command == THE_SCRIPT
        listener = listening.Listener(kernel.install(FILTERS[wide]), command, wide, OF_A_COMMAND_MAX, daemon)
        self.listening.attend(listener)
        return listener

    def beginning(self, command, program):
        """What is told of a start, with how things stand before it; None where that is nothing."""
        question = self.understood(BEGIN, lambda: self.reader.of_program(BEGIN, program))
        with self.lock:
            states = self.moments.moved(whole=command == THE_SCRIPT) if self.room > 0 else {}
            lines = self.telling.lines(question, None, command == THE_SCRIPT, list)
            if not (states or lines):
                return None
            line = {"at": time.time(), "name": BEGIN.name, "command": command, **(lines or [{}])[0]}
            return self.with_states(line, states)

    def look(self, listener, identity, asker, number, arguments):
        """At a call before it goes on."""
        call = self.calls[number]
        with self.lock:
            process = self.listening.processes.of(asker)
            if process.number == self.own_number:
                return
            if min(self.room, listener.room) > 0:
                self.tell(
                    listener,
                    identity,
                    asker,
                    process,
                    self.understood(call, lambda: self.reader.read(asker, call, arguments)),
                )
            else:
                self.miss(FULL)
            process.pauses += call.group in PAUSES

    def tell(self, listener, identity, asker, process, question):
        states = self.moments.moved()
        roots = self.listening.programs() if listener.command is None else ()
        lines = self.telling.lines(question, asker, listener.wide, self.listening.scripts, listener.told, roots)
        if lines and not kernel.still_asks(listener.descriptor, identity):
            lines = []
        if lines or states:
            name = question.call.name
            who = {"name": name, "command": listener.command, **telling.who(listener, asker, process)}
            if REPLACES.match(name):
                who["made"] = [files.printable(path) for path in process.made]
            for line in lines or [{}]:
                listener.room -= 1
                self.write(self.with_states({**who, **line}, states))
                states = {}
        if question.may_map():
            self.moments.may_map(question.places)
        if question.writes() and question.places:
            process.made.append(question.places[0].path)

    def understood(self, call, read):
        """The question that read() finds; where that is not to be had, the stream is missing something."""
        try:
            return read()
        except questions.Unreadable as error:
            self.miss(str(error))
            return questions.Question(call)

    def with_states(self, line, states):
        """A line with the key files that have changed, and at each run of the script with what stands around it.

        So it is where another file is to take a key file's name: that may be denied, and is then seen nowhere else.
        """
        runs_script = line["name"] in ("execve", "execveat") and line.get("path") == SCRIPT
        if not (states or runs_script or gives_name(line)):
            return line
        told = self.moments.tell(states)
        return {**line, **told, "contents": {**line.get("contents", {}), **told["contents"]}}

    def write(self, line):
        if self.room <= 0:
            self.miss(FULL)
            return
        self.room -= 1
        said = {field: value for field, value in line.items() if field == "around" or is_said(value)}
        self.journal.write("call", stream="calls", **said)

    def miss(self, why):
        """The stream is not whole any more; said once for each reason."""
        if why not in self.missed:
            self.missed.add(why)
            self.journal.write(**MISSING, why=why)


def is_tool_server(command, words):
    """Whether this begins a server for whoever gives the orders, which stays; what that begins is not left behind."""
    return command is None and words[1:] == [START_SERVER]


def gives_name(line):
    """Whether another file is to take a key file's name, by itself or in exchange."""
    exchanged = line.get("path") if line.get("number") == EXCHANGE else None
    return line["name"].startswith("rename") and not {line.get("to"), exchanged}.isdisjoint(KEY_NAMES)


def is_said(value):
    return value is not None and value is not False and value not in ("", [], {})


def check_host():
    """OSError with the reason where calls cannot be told."""
    if not kernel.KNOWN:
        raise OSError(f"{NOT_HERE}: the calls of {MACHINE} are not known")
    line = table.line_of("self", "status", b"CapEff:")
    if line is None or not int(line.split()[1], 16) & MAY_READ_MEMORY:
        raise OSError(f"{NOT_HERE}: the memory of processes may not be read (capability SYS_PTRACE)")
