"""What is done when it is due: the script is run, by the desk or by a process of the user's that waits to be rung.

A failure is never raised: whatever the user did to it, the journal says that it did not run.
"""

import errno
import os
import subprocess
import time

import asking
import files
import span
import starting
import table

OUTPUT_BYTES_MAX = 4 << 10
SETTLE_S = 1.0


class Due:
    """Does it, and writes down what came of it; note_watches() writes down what was watched up to then."""

    def __init__(self, order, journal, first, gate, note_watches):
        self.order, self.journal, self.first, self.gate = order, journal, first, gate
        self.note_watches = note_watches
        self.waiting = None
        self.not_set = None
        self.late = []
        self.done = False

    def open(self):
        if self.order["waiting"]:
            self.waiting = starting.start_waiting(self.order["waiting"])

    def do(self, call, directory, environment, now=None):
        """What the script printed, where the machine is still there afterwards."""
        self.done = True
        self.journal.write(
            "due",
            call=call,
            cwd=files.printable(directory)[:400],
            home=files.glance(),
            environment=asking.unusual(environment),
            now=now,
        )
        said = ""
        try:
            with open(os.memfd_create("output"), "rb") as output:
                script = self.begin(environment, output.fileno())
                self.journal.write("executed", pid=script.pid)
                self.wait_for(script)
                said = os.pread(output.fileno(), OUTPUT_BYTES_MAX, 0).decode("utf-8", "replace")
        except Exception as error:
            name = errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)
            self.journal.write("not_executed", error=name)
        if not self.gate.note():
            self.settle()
            self.note_watches()
            if not self.gate.note():
                self.journal.write("outlived", call=call)
        return said if said.endswith("\n") or not said else said + "\n"

    def begin(self, environment, output):
        if self.order["setting"]:
            self.set(output)
        if self.waiting is not None:
            return starting.ring(self.waiting)
        return starting.start_script(environment, output)

    def set(self, output):
        """What whoever is rung obeys; he is rung even where that fails, as it may stand there already."""
        process = starting.begin_program(self.order["setting"], output)
        try:
            self.not_set = span.wait(process, self.order["script_wait_s"]) or None
        except subprocess.TimeoutExpired:
            self.late.append(process)

    def was_rung(self):
        """Whether somebody else has rung whom is waited for, and the machine is ending for that."""
        if self.waiting is None:
            return False
        starting.wait_until_quiet(self.waiting, self.order["script_wait_s"])
        if self.waiting.poll() is None:
            return False
        self.settle()
        return self.journal.closed or table.is_ending(self.first)

    def wait_for(self, script):
        try:
            span.wait(script, self.order["script_wait_s"])
        except subprocess.TimeoutExpired:
            self.late.append(script)
        process = table.read(script.pid) if script.returncode is None else None
        status = script.returncode if self.not_set is None else self.not_set
        self.journal.write("script_ended", status=status, process=process and process.letter)

    def settle(self):
        """The machine may be ending, and what came through the gate on its way."""
        settling = span.Span(SETTLE_S, self.first)
        while not self.journal.closed and (not settling.is_over() or table.is_ending(self.first)):
            self.take_leave()
            time.sleep(span.STEP_S)  # nobody will be there to be answered, but who serves from outside

    def take_leave(self):
        """Of what took too long: the kernel ends no machine while one of its dead is waited for."""
        for process in self.late:
            process.poll()
