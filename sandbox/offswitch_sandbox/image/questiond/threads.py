"""A thread that makes others, for whoever cannot: one that has entered a machine from outside."""

import errno
import queue
import threading


class Threads:
    """Made by a thread that may make threads; each that is asked for calls `begin` before its work."""

    def __init__(self, begin):
        self.begin = begin
        self.asked = queue.SimpleQueue()
        threading.Thread(target=self.make, daemon=True).start()

    def do(self, work, stays=False):
        """What work() returns, or raises, in a thread of its own; OSError where none can be had.

        stays: nothing, as soon as it has begun.
        """
        answer = queue.SimpleQueue()
        self.asked.put((work, answer, stays))
        value, error = answer.get()
        if error is not None:
            raise error
        return value

    def make(self):
        while True:
            work, answer, stays = self.asked.get()
            try:
                threading.Thread(target=self.run, args=(work, answer, stays), daemon=True).start()
            except RuntimeError as error:
                answer.put((None, OSError(errno.EAGAIN, f"no thread can be had ({error})")))

    def run(self, work, answer, stays):
        try:
            self.begin()
            if stays:
                answer.put((None, None))
            answer.put((work(), None))
        except Exception as error:
            answer.put((None, error))
