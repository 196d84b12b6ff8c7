"""Takes a service's orders, one JSON object a line, and sends the answers and the journal's lines."""

import json
import os
import queue
import select
import threading

# In order, and in no new thread, so that a look works where the user has taken every process.
IN_ORDER = ("run", "look", "finish", "pass_time")


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


class Attendance:
    """Takes orders in a thread that is there from the beginning, and does them there one after the other.

    The others are done in threads of their own, which this thread leaves to the first one to start: a thread
    that has entered a machine from outside cannot.
    """

    def __init__(self, service, incoming, lines):
        self.service, self.incoming, self.lines = service, incoming, lines
        self.aside = queue.SimpleQueue()

    def run(self):
        """Returns when there are no more orders."""
        threading.Thread(target=self.take_orders, daemon=True).start()
        threading.Thread(target=self.notice_end, daemon=True).start()
        while (message := self.aside.get()) is not None:
            if message["verb"] == "start":
                self.answer(message)
            else:
                self.answer_aside(message)

    def take_orders(self):
        try:
            self.service.begin_thread()
            for line in self.incoming:
                message = json.loads(line)
                if message["verb"] in IN_ORDER:
                    self.answer(message)
                else:
                    self.aside.put(message)
        except (OSError, ValueError):
            pass  # whoever gave orders is gone, and what they came through may be closed by now
        finally:
            self.aside.put(None)

    def notice_end(self):
        """Also while an order is being done: whoever gave it is gone, and so is the need for the machine."""
        poll = select.poll()
        poll.register(self.incoming, select.POLLHUP | select.POLLRDHUP)
        poll.poll()
        self.aside.put(None)

    def answer(self, message, aside=False):
        self.lines.tell(self.service.answer(message, aside))

    def answer_aside(self, message):
        try:
            threading.Thread(target=self.answer, args=(message, True), daemon=True).start()
        except RuntimeError as error:
            self.lines.tell({"id": message.get("id"), "error": f"no thread can be had ({error})", "kind": ""})
