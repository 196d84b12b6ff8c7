"""Answers what processes ask on their listeners, all in one thread, and always."""

import contextlib
import os
import select
import threading
from collections import deque

import askers
import kernel
import table
import waiting


class Listener:
    """What the processes of one command ask on; `room` is for so many lines of theirs.

    daemon: the command was begun to leave a process that goes on without it.
    """

    def __init__(self, descriptor, command, wide, room, daemon=False):
        self.descriptor, self.command, self.wide, self.room = descriptor, command, wide, room
        self.thread = threading.get_native_id()  # as long as that begins the command
        self.root = None  # the process that the command was begun with
        self.daemon = daemon
        self.heard, self.early = 0, []  # early: what was asked before that process was known here
        self.told = set()


class Listening:
    """Calls look(listener, id, asker, number, arguments) before each call goes on, and miss(why) where that fails."""

    def __init__(self, look, miss):
        self.look, self.miss = look, miss
        self.lock = threading.Lock()
        self.listeners, self.begun = {}, deque()
        self.waiting, self.wake = waiting.Waiting(), os.eventfd(0, os.EFD_CLOEXEC)
        self.waiting.register(self.wake)
        self.processes = askers.Processes(self.waiting, miss)
        threading.Thread(target=self.follow, daemon=True).start()

    def attend(self, listener):
        self.listeners[listener.descriptor] = listener
        self.waiting.register(listener.descriptor)

    def begin(self, listener, root):
        """From here on it is known which process the command was begun with; 0 for none."""
        with self.lock:
            listener.thread, listener.root = None, root
        if listener.early:
            # The thread that begins a command is under its filter itself, so another looks at what was asked.
            self.begun.append(listener)
            os.eventfd_write(self.wake, 1)

    def scripts(self):
        """The processes that wide listeners have been begun with, as long as any of theirs is left.

        Of one that is just beginning, those of ours that no other listener has been begun with.
        """
        listeners = tuple(self.listeners.values())
        roots = {one.root for one in listeners if one.root}
        if any(one.wide and one.root is None for one in listeners):
            return [number for number in table.children() if number not in roots]
        return [one.root for one in listeners if one.wide and one.root]

    def programs(self):
        """The processes that programs of the user's have been begun with, which go on by themselves."""
        return [one.root for one in tuple(self.listeners.values()) if one.command is None and one.root]

    def follow(self):
        while True:
            try:
                self.follow_events(self.waiting.events())
            except Exception as error:  # whatever it is, nobody is left waiting for an answer
                with contextlib.suppress(OSError):
                    self.fail(error)

    def follow_events(self, events):
        # A number is used again only after its process has ended, so the ends come first. What told of one is closed
        # then, and may be a new listener's by now.
        ends = {descriptor for descriptor, _ in events if descriptor in self.processes.ends}
        for descriptor in ends:
            self.processes.forget(descriptor)
        while self.begun:
            self.treat_early(self.begun.popleft())
        for descriptor, event in events:
            if descriptor in ends:
                continue
            if descriptor == self.wake:
                os.eventfd_read(self.wake)
            elif listener := self.listeners.get(descriptor):
                if event & select.EPOLLIN:
                    self.waiting.prefer(descriptor)
                    self.answer(listener)
                else:
                    self.drop(listener)

    def treat_early(self, listener):
        early, listener.early = listener.early, []
        for request in early:
            self.treat(listener, *request)

    def drop(self, listener):
        """Nobody is left who could ask."""
        del self.listeners[listener.descriptor]
        self.waiting.unregister(listener.descriptor)
        os.close(listener.descriptor)

    def answer(self, listener):
        try:
            request = kernel.receive(listener.descriptor)
        except OSError:  # whoever asked is gone
            return
        listener.heard += 1
        with self.lock:
            is_early = listener.root is None and request[1] != listener.thread
            if is_early:
                listener.early.append(request)
        if not is_early:
            self.treat(listener, *request)

    def treat(self, listener, identity, asker, number, arguments):
        """Looks at a call, and lets it go on whatever comes of that."""
        try:
            if asker != listener.thread:
                self.look(listener, identity, asker, number, arguments)
        except Exception as error:
            self.fail(error)
        finally:
            kernel.let_go(listener.descriptor, identity)

    def fail(self, error):
        self.miss(f"a call that could not be looked at ({type(error).__name__}: {error})")
