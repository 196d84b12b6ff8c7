"""What one call asks, read from the registers and the memory of whoever asks."""

import errno

import askers
import files
import filters
import kernel
import places

NOFOLLOW, FOLLOW, EMPTY_PATH = 0x100, 0x400, 0x1000
"""flags of calls that take a path from an open directory"""
CREATE, EXCLUSIVE = 0o100, 0o200
LINK_ITSELF = {"x86_64": 0o400000, "aarch64": 0o100000}
"""open's flag for not following a link, by the kernel's name for the hardware"""
OPENS = ("open", "openat")
NOT_READABLE = (errno.EPERM, errno.EACCES)
BAD_PROGRAM, BAD_PATH = "a program that cannot be read", "a path that cannot be read"


class Question:
    """A call with its paths, whom it is aimed at, and its number."""

    def __init__(self, call):
        self.call = call
        self.places = []
        self.text = None
        self.number = None
        self.aims = []
        self.arguments = ()

    def writes(self):
        """It opens or cuts a file to write to it."""
        flags = filters.WRITING if self.call.name not in OPENS else self.number or 0
        return self.call.group == "write" and bool(flags & filters.WRITING)


class Unreadable(Exception):
    """What stands in the asker's memory cannot be read, and why."""


class Reader:
    """Reads them; one thread's."""

    def __init__(self, machine):
        self.memory, self.places = kernel.Memory(), places.Places()
        self.link_itself = LINK_ITSELF[machine]

    def read(self, asker, call, arguments):
        """Unreadable where a path is not to be had that the call might take all the same."""
        question, directory = Question(call), places.AT_HERE
        question.arguments = arguments
        flags = self.flags_of(call, arguments)
        for letter, value in zip(call.arguments, arguments, strict=False):
            if letter == "d":
                directory = signed(value)
            elif letter in "pP":
                follow = not flags & NOFOLLOW if letter == "P" else bool(flags & FOLLOW)
                self.add_path(question, asker, directory, value, follow, flags & EMPTY_PATH)
                directory = places.AT_HERE
            elif letter == "f":
                self.add(question, self.file_of(asker, signed(value)))
            elif letter == "t":
                question.text = files.printable(self.text(asker, value) or b"")
            elif letter == "n":
                question.number = value & 0xFFFFFFFF
            elif letter == "k":
                question.aims.append(signed(value))
            elif letter == "q":
                question.aims.append(askers.number_of_descriptor(asker, signed(value)))
        return question

    def of_program(self, call, path):
        """Of a process that the service begins with this program."""
        question = Question(call)
        if path.startswith("/"):
            question.places.append(self.places.walk(0, path.encode(), True))
        return question

    def flags_of(self, call, arguments):
        """In the letters of those calls that have them, also where they are open's own."""
        if call.name in OPENS:
            flags = arguments[call.arguments.index("n")]
            itself = flags & self.link_itself or flags & (CREATE | EXCLUSIVE) == CREATE | EXCLUSIVE
            return NOFOLLOW if itself else 0
        return arguments[call.arguments.index("F")] if "F" in call.arguments else 0

    def add_path(self, question, asker, directory, address, follow, may_be_empty):
        path = self.text(asker, address)
        if path:
            self.add(question, reached(lambda: self.places.of_path(asker, directory, path, follow)))
        elif directory != places.AT_HERE and (may_be_empty or address == 0) and question.call.group != "read":
            self.add(question, self.file_of(asker, directory))

    def add(self, question, place):
        if place is not None:
            question.places.append(place)

    def text(self, asker, address):
        if address == 0:
            return None
        try:
            return self.memory.text(asker, address)
        except OSError as error:
            if error.errno == errno.ESRCH:
                return None
            raise Unreadable(BAD_PROGRAM if error.errno in NOT_READABLE else BAD_PATH) from error

    def file_of(self, asker, number):
        return reached(lambda: self.places.of_file(asker, number))


def reached(find):
    """What find() finds; None where there is no such file, or the asker is gone."""
    try:
        return find()
    except OSError as error:
        if error.errno in NOT_READABLE:
            raise Unreadable(BAD_PROGRAM) from error
        return None


def signed(value):
    """A register as the kernel takes it for an int."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
