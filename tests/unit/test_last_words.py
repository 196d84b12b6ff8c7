"""What a process in a machine says just before it ends is not lost, however busy the host is."""

import os
import subprocess
import time
from typing import Any


class EndsBetweenTwoLooks:
    """A process that says its words and ends after nothing was to be read, and before it is asked whether it has."""

    def __init__(self) -> None:
        told, self._go = os.pipe()
        words = ["sh", "-c", "read go; echo the last words"]
        self._process = subprocess.Popen(words, stdin=told, stdout=subprocess.PIPE)
        os.close(told)
        self.pid, self.stdin, self.stdout = self._process.pid, None, self._process.stdout

    def poll(self) -> int:
        if self._go:
            os.write(self._go, b"go\n")
            os.close(self._go)
            self._go = 0
        return self._process.wait()


def test_the_last_words_of_a_process_are_read_whenever_it_ends(service: Any) -> None:
    streams = service("streams")
    process, said = EndsBetweenTwoLooks(), streams.Tail(1000)
    assert streams.converse(process, {process.stdout: said}, time.monotonic() + 60)
    assert said.bytes() == b"the last words\n"
