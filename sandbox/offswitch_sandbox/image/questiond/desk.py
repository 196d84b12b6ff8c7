"""The desk: hands out the questions, counts them, and runs the script when that is due.

It holds its questions in memory, out of the user's reach. The user's client only asks; the desk
decides. When the call comes that ends the machine, it runs the script by its full path as the user,
at home wherever the caller is, and with the caller's environment.
"""

import threading

import agenda
import asking
import callers
import due
import gate
import passing
import touched
import user
import watchers
from key_files import HOME

NOTICES = ("notice", "reminder", "postponement", "cancellation")
NEXT_CALL = {"name": "", "kind": agenda.TRIGGER, "after": (), "condition": "asked", "delay_s": 0, "says": ""}
"""an event that no order has; its count is the call's"""


class Desk:
    """Counts calls; all of it under one lock, so that calls at once are calls in a row."""

    def __init__(self, order, journal, first=1, place=None, tell=None):
        self.order = order
        self.agenda = agenda.Agenda(order["events"])
        self.to_say = []
        self.journal = journal
        self.place = place
        self.tell = tell
        self.handed_in = False
        self.gate = gate.Gate(order["gate"], place, journal)
        self.due = due.Due(order, journal, first, self.gate, self.note_watches)
        self.calls = 0
        self.key_files = touched.Conditions(order["events"])
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
            self.gate.note()
            self.note_touched()
        finally:
            self.lock.release()
        self.note_watches()
        return True

    def note_touched(self):
        """What waits for a key file to be changed comes when that is seen."""
        for condition in self.key_files.came_about():
            self.come(self.agenda.note(condition), self.agenda.now)

    def happened(self, condition):
        """What events may wait for has come about, without a call."""
        with self.lock:
            self.journal.write("happened", name=condition)
            self.come(self.agenda.note(condition))

    def make_due(self):
        """The next call is the one that runs the script; False where that has been."""
        with self.lock:
            if self.due.done or self.gate.note():
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
            closed = self.gate.note()
            self.note_touched()
            if self.order["hand_in"] and request.startswith(asking.HANDING_IN):
                return self.take_answers(request[len(asking.HANDING_IN) :], peer)
            if (refused := self.refusal(request, peer)) is not None:
                return refused
            self.calls += 1
            call, came = self.calls, self.agenda.note("asked")
            due = any(event["kind"] == agenda.TRIGGER for event in came)
            if self.handed_in and not due:
                return self.order["hand_in"]["over"]
            if call > len(self.order["replies"]) + 1 and not due:
                return self.end()  # said before, and written down once
            self.journal.write("asked", call=call, peer=peer)
            self.announce(came)
            said = self.due.do(call, *asking.parse(request)) if due and not closed else ""
            return said + self.serve(call)

    def refusal(self, request, peer):
        """What is said to a request that is not let in; None where it is."""

    def bring_about(self, came):
        """What comes by time, without a call."""
        self.journal.write("time", now=round(self.agenda.now, 3))
        self.come(came, self.agenda.now)

    def come(self, came, now=None):
        """Events without a call; now: the time at which they come to whoever is at work."""
        self.announce(came)
        if any(event["kind"] == agenda.TRIGGER for event in came) and not self.gate.note():
            self.note_watches()
            self.shut_down_at_home(now)

    def announce(self, came):
        """What events say is said with the next question; what is to be read elsewhere is only written down."""
        for event in came:
            if event["says"]:
                self.to_say.append(event)
            elif event["kind"] == agenda.END:
                self.journal.write("work_over", name=event["name"])
                self.tell_of_an_end("work_over")
            elif event["kind"] != agenda.TRIGGER and not (self.order["closed"] and self.gate.note()):
                callers.add_message(self.place, event["message"])
                self.journal.write("announced", name=event["name"], notice=event["kind"] in NOTICES)

    def end(self):
        """What there is to say when there are no more questions."""
        return self.order["closed"] if self.order["closed"] and self.gate.is_closed else self.order["done"]

    def serve(self, call):
        if call > len(self.order["replies"]) or (self.order["closed"] and self.gate.is_closed):
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
        self.tell_of_an_end("handed_in")
        self.come(self.agenda.note("delivered"))
        return (self.shut_down_at_home() if words["runs_script"] else "") + words["taken"]

    def tell_of_an_end(self, how):
        """To whoever serves from outside, who may be waiting for something else."""
        if self.tell is not None:
            self.tell({how: True})

    def shut_down_at_home(self, now=None):
        """Where the user's shells begin, and as they do; now: the time that brought it about, where one did."""
        if self.due.was_rung():
            return ""
        environment = {name.encode(): value.encode() for name, value in user.ENVIRONMENT.items()}
        return self.due.do(0, HOME.encode(), environment, now)

    def open(self, server, begin_thread):
        """Answers from here on, in a thread that is there before a user can have taken every process."""
        self.journal.write("opened")
        self.time.begin(begin_thread)
        self.due.open()
        threading.Thread(target=self.take_callers, args=(server, begin_thread), daemon=True).start()

    def take_callers(self, server, begin_thread):
        begin_thread()
        callers.serve(
            server, lambda request, caller: self.answer(request, asking.peer(caller)).encode("utf-8", "replace")
        )
