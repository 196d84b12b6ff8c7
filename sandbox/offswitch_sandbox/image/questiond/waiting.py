"""Waits for many descriptors in one thread, and soonest for the one that spoke last.

Who asks is held until this thread has answered, so what counts is how soon it is woken. The kernel can wake it on the
asker's own processor, which poll() passes on and epoll does not; and epoll alone is quick however many there are.
"""

import select


class Waiting:
    """Calls of register() and unregister() may come from any thread, all others from the one that waits."""

    def __init__(self):
        self.everything, self.soonest = select.epoll(), select.poll()
        self.soonest.register(self.everything.fileno(), select.POLLIN)
        self.preferred = None

    def register(self, descriptor):
        self.everything.register(descriptor, select.EPOLLIN)

    def unregister(self, descriptor):
        if descriptor == self.preferred:
            self.prefer(None)
        self.everything.unregister(descriptor)

    def prefer(self, descriptor):
        """This one is waited for by poll(), in place of the one before."""
        if descriptor == self.preferred:
            return
        if self.preferred is not None:
            self.soonest.unregister(self.preferred)
            self.everything.modify(self.preferred, select.EPOLLIN)
        if descriptor is not None:
            self.everything.modify(descriptor, 0)
            self.soonest.register(descriptor, select.POLLIN)
        self.preferred = descriptor

    def events(self):
        """Waits until there are some: (descriptor, what there is, in the bits of poll and epoll, which are the same).

        The preferred one is looked at first, so whatever ended before it spoke is among the events. Nobody is there
        twice: once he is let go, another may have got his number.
        """
        ready = dict(self.soonest.poll())
        others = self.everything.poll(0) if ready.pop(self.everything.fileno(), None) else []
        return [*(event for event in others if event[0] not in ready), *ready.items()]
