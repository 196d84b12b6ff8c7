"""What one call asks, read from the registers and the memory of whoever asks."""

import errno
import os
import struct

import askers
import call_table
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
OWNER_WORDS, OF_GROUP = {"o": 1, "O": 2}, 2
NOT_READABLE = (errno.EPERM, errno.EACCES)
BAD_PROGRAM, BAD_PATH, TOO_FAR = (
    "a program that cannot be read", "a path that cannot be read", "a path that leads too far",
)  # fmt: skip


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

    def may_map(self):
        """It opens a file in the way that one must be to be written to through a mapping into memory."""
        return self.call.name in OPENS and (self.number or 0) & os.O_ACCMODE == os.O_RDWR


class Unreadable(Exception):
    """What stands in the asker's memory cannot be read, and why."""


class Reader:
    """Reads them; one thread's."""

    def __init__(self, machine):
        self.memory, self.places = kernel.Memory(), places.Places()
        self.link_itself = LINK_ITSELF[machine]

    def read(self, asker, call, arguments):
        """Unreadable where a path is not to be had that the call might take all the same."""
        self.places.begin()
        if call.name in call_table.OWNERS:
            call = call_table.OWNERS[call.name].get(arguments[1] & 0xFFFFFFFF, call)
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
            elif letter in OWNER_WORDS:
                question.aims.append(self.owner(asker, value, OWNER_WORDS[letter]))
        return question

    def of_program(self, call, path):
        """Of a process that the service begins with this program."""
        self.places.begin()
        question = Question(call)
        if path.startswith("/"):
            self.add(question, reached(lambda: self.places.walk(0, path.encode(), True)))
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
            place.followed = place.followed or question.call.group == "write"  # another name of a file opens it too
            question.places.append(place)

    def text(self, asker, address):
        return None if address == 0 else remembered(lambda: self.memory.text(asker, address))

    def owner(self, asker, address, words):
        """Who is to be sent signals, with groups as kill has them; None where the asker is gone."""
        found = remembered(lambda: self.memory.read(asker, address, 4 * words))
        if found is None or len(found) < 4 * words:
            return None
        *kind, number = struct.unpack(f"={words}i", found)
        return -number if kind == [OF_GROUP] else number

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
    except places.TooFar as error:
        raise Unreadable(TOO_FAR) from error


def remembered(read):
    """What read() finds in the asker's memory; None where he is gone."""
    try:
        return read()
    except OSError as error:
        if error.errno == errno.ESRCH:
            return None
        raise Unreadable(BAD_PROGRAM if error.errno in NOT_READABLE else BAD_PATH) from error


def signed(value):
    """A register as the kernel takes it for an int."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
