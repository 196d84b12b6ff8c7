"""The desk: hands out the questions, counts them, and runs the script when that is due.

It holds its questions in memory, out of the user's reach. The user's client only asks; the desk
decides. When the call comes that ends the machine, it runs the script by its full path as the user,
at home wherever the caller is, and with the caller's environment.
"""

import errno
import os
import subprocess
import threading
import time

import agenda
import asking
import callers
import files
import passing
import starting
import table
import touched
import user
import watchers
from key_files import HOME

OUTPUT_BYTES_MAX = 4 << 10
SETTLE_S = 1.0
LOOK_AGAIN_S = 0.05
NOTICES = ("notice", "reminder", "postponement", "cancellation")
NEXT_CALL = {"name": "", "kind": agenda.TRIGGER, "after": (), "condition": "asked", "delay_s": 0, "says": ""}
"""an event that no order has; its count is the call's"""


class Desk:
    """Counts calls; all of it under one lock, so that calls at once are calls in a row."""

    def __init__(self, order, journal, first=1, place=None, tell=None):
        self.order = order
        self.agenda = agenda.Agenda(order["events"])
        self.to_say = []
        self.pulled = False
        self.journal = journal
        self.first = first
        self.place = place
        self.tell = tell
        self.handed_in = False
        self.timer = None
        self.gate = callers.open_gate(place) if order["script"] else None
        self.is_closed = False
        self.late = None
        self.calls = 0
        self.untouched = touched.Untouched(order["events"])
        self.lock = threading.Lock()
        self.time = passing.Passing(self.agenda, self.lock, self.bring_about)
        self.watches = watchers.begin(journal, HOME)

    def note_watches(self):
        for watch in self.watches:
            watch.note()

    def answers(self, wait_s=5):
        """Whether it is there for a caller; what was watched up to here is then written down."""
        if not self.lock.acquire(timeout=wait_s):
            return False
        try:
            self.note_closing()
            self.note_touched()
        finally:
            self.lock.release()
        self.note_watches()
        return True

    def note_touched(self):
        """What waits for a key file to stand otherwise than at first comes when that is seen."""
        for condition in self.untouched.seen_otherwise():
            self.come(self.agenda.note(condition), self.agenda.now)

    def happened(self, condition):
        """What events may wait for has come about, without a call."""
        with self.lock:
            self.come(self.agenda.note(condition))

    def note_closing(self):
        """Whether a word has come through the gate; what came is nobody's business."""
        if self.gate is None or self.is_closed:
            return self.is_closed
        try:
            os.read(self.gate, OUTPUT_BYTES_MAX)
        except BlockingIOError:
            return False
        self.is_closed = True
        self.journal.write("closed")
        return True

    def make_due(self):
        """The next call is the one that runs the script; False where that has been."""
        with self.lock:
            if self.pulled or self.note_closing():
                return False
            self.agenda.drop(agenda.TRIGGER)
            self.agenda.add({**NEXT_CALL, "count": self.calls + 1})
            self.journal.write("made_due")
            return True

    def finish(self):
        """The script runs without a call."""
        with self.lock:
            self.note_watches()
            self.shut_down_at_home()

    def answer(self, request, peer):
        with self.lock:
            self.note_watches()
            closed = self.note_closing()
            self.note_touched()
            if self.order["hand_in"] and request.startswith(asking.HANDING_IN):
                return self.take_answers(request[len(asking.HANDING_IN) :], peer)
            self.calls += 1
            call, came = self.calls, self.agenda.note("asked")
            due = any(event["kind"] == agenda.TRIGGER for event in came)
            if self.handed_in and not due:
                return self.order["hand_in"]["over"]
            if call > len(self.order["replies"]) + 1 and not due:
                return self.end()  # said before, and written down once
            self.journal.write("asked", call=call, peer=peer)
            self.announce(came)
            said = self.shut_down(call, *asking.parse(request)) if due and not closed else ""
            return said + self.serve(call)

    def bring_about(self, came):
        """What comes by time, without a call."""
        self.journal.write("time", now=round(self.agenda.now, 3))
        self.come(came, self.agenda.now)

    def come(self, came, now=None):
        """Events without a call; now: the time at which they come to whoever is at work."""
        self.announce(came)
        if any(event["kind"] == agenda.TRIGGER for event in came) and not self.note_closing():
            self.note_watches()
            self.shut_down_at_home(now)

    def announce(self, came):
        """What events say is said with the next question; what is to be read elsewhere is only written down."""
        for event in came:
            if event["says"]:
                self.to_say.append(event)
            elif event["kind"] != agenda.TRIGGER:
                callers.add_message(self.place, event["message"])
                self.journal.write("announced", name=event["name"], notice=event["kind"] in NOTICES)

    def end(self):
        """What there is to say when there are no more questions."""
        return self.order["closed"] if self.order["closed"] and self.is_closed else self.order["done"]

    def serve(self, call):
        if call > len(self.order["replies"]) or (self.order["closed"] and self.is_closed):
            self.journal.write("done", call=call)
            return self.end()
        said, self.to_say = self.to_say, []
        for message in filter(None, (event["message"] for event in said)):
            callers.leave_message(self.place, message)
        self.journal.write("served", call=call, notice=any(event["kind"] in NOTICES for event in said))
        return self.order["replies"][call - 1] + "".join(event["says"] for event in said)

    def take_answers(self, answers, peer):
        """Those that come first end the work: no call after them gets a question or runs the script; time may."""
        words = self.order["hand_in"]
        if self.handed_in:
            return words["over"]
        if not asking.are_answers(answers, words["any_words"]):
            return words["not_taken"]
        self.handed_in = True
        self.journal.write("handed_in", peer=peer, answers=answers.decode("utf-8", "replace"))
        self.agenda.drop(agenda.TRIGGER, "asked")
        if self.tell is not None:
            self.tell({"handed_in": True})
        self.come(self.agenda.note("delivered"))
        return (self.shut_down_at_home() if words["runs_script"] else "") + words["taken"]

    def shut_down_at_home(self, now=None):
        """Where the user's shells begin, and as they do; now: the time that brought it about, where one did."""
        if self.timer is not None and self.was_rung():
            return ""
        environment = {name.encode(): value.encode() for name, value in user.ENVIRONMENT.items()}
        return self.shut_down(0, HOME.encode(), environment, now)

    def shut_down(self, call, directory, environment, now=None):
        """Runs the script; what it printed, where the machine is still there afterwards."""
        self.pulled = True
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
                script = self.begin_script(environment, output.fileno())
                self.journal.write("executed", pid=script.pid)
                self.wait_for(script)
                said = os.pread(output.fileno(), OUTPUT_BYTES_MAX, 0).decode("utf-8", "replace")
        except Exception as error:  # whatever the caller did to it, the journal says that it did not run
            name = errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)
            self.journal.write("not_executed", error=name)
        if not self.note_closing():
            self.settle()
            self.note_watches()
            if not self.note_closing():
                self.journal.write("outlived", call=call)
        return said if said.endswith("\n") or not said else said + "\n"

    def was_rung(self):
        """Whether somebody else has rung the timer, and the machine is ending for that."""
        starting.wait_until_quiet(self.timer, self.order["script_wait_s"])
        if self.timer.poll() is None:
            return False
        self.settle()
        return self.journal.closed or table.is_ending(self.first)

    def begin_script(self, environment, output):
        if self.timer is not None:
            return starting.ring(self.timer)
        return starting.start_script(environment, output)

    def settle(self):
        """The machine may be ending, and what came through the gate on its way."""
        until = time.monotonic() + SETTLE_S
        while not self.journal.closed and (time.monotonic() < until or table.is_ending(self.first)):
            self.take_leave()
            time.sleep(LOOK_AGAIN_S)  # nobody will be there to be answered, but who serves from outside

    def take_leave(self):
        """Of a script that took too long: the kernel ends no machine while one of its dead is waited for."""
        if self.late is not None:
            self.late.poll()

    def wait_for(self, script):
        try:
            script.wait(self.order["script_wait_s"])
        except subprocess.TimeoutExpired:
            self.late = script
        process = table.read(script.pid) if script.returncode is None else None
        self.journal.write("script_ended", status=script.returncode, process=process and process.letter)

    def open(self, server, begin_thread):
        """Answers from here on, in a thread that is there before a user can have taken every process."""
        self.journal.write("opened")
        self.time.begin(begin_thread)
        if self.order["timer"]:
            self.timer = starting.start_timer(self.order["timer"])
        threading.Thread(target=self.take_callers, args=(server, begin_thread), daemon=True).start()

    def take_callers(self, server, begin_thread):
        begin_thread()
        callers.serve(
            server, lambda request, caller: self.answer(request, asking.peer(caller)).encode("utf-8", "replace")
        )
