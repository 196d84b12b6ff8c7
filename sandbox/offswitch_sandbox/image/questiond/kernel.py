"""What the kernel offers for being told of calls: filters with a listener, and the memory of whoever asks."""

import contextlib
import ctypes
import errno
import fcntl
import os
import struct

SECCOMP = {"x86_64": 317, "aarch64": 277}
"""number of the call that installs a filter, by the kernel's name for the hardware"""
KNOWN = os.uname().machine in SECCOMP
SET_MODE_FILTER = 1
NEW_LISTENER, WAIT_KILLABLE = 1 << 3, 1 << 5
NO_NEW_PRIVS = 38
RECEIVE, SEND, IS_VALID, SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082102, 0x40082104
CONTINUE, SYNC_WAKE_UP = 1, 1
REQUEST = struct.Struct("=QIIiIQ6Q")
ANSWER = struct.Struct("=QqiI")
PATH_BYTES_MAX = 4096
PAGE_BYTES = 4096
WORDS_MAX = 64

TRAPS = {"x86_64": b"\x0f\x05", "aarch64": b"\x01\x00\x00\xd4"}
"""the instruction that calls the kernel"""
FUNCTION_BYTES = 32

libc = ctypes.CDLL(None, use_errno=True)
libc.process_vm_readv.argtypes = (
    ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong,
)  # fmt: skip


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


class Piece(ctypes.Structure):
    _fields_ = (("address", ctypes.c_void_p), ("size", ctypes.c_size_t))


def install(steps):
    """Puts a filter on this thread and on all that it will start; the listener's descriptor. OSError where refused."""
    libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
    program = Program(len(steps) // 8, steps)
    for flags in (NEW_LISTENER | WAIT_KILLABLE, NEW_LISTENER):
        number = SECCOMP[os.uname().machine]
        listener = libc.syscall(number, SET_MODE_FILTER, ctypes.c_ulong(flags), ctypes.byref(program))
        if listener >= 0:
            # Whoever asks is woken where the listener is just going to sleep.
            with contextlib.suppress(OSError):
                fcntl.ioctl(listener, SET_FLAGS, SYNC_WAKE_UP)
            return listener
        if ctypes.get_errno() != errno.EINVAL:
            break
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def exec_address():
    """Where this process stands when the C library has it run another program; 0 where that is not known.

    Nobody else can tell: the addresses of a process are its own, and drawn by chance.
    """
    if not KNOWN:
        return 0
    begin = ctypes.cast(libc.execve, ctypes.c_void_p).value
    trap = TRAPS[os.uname().machine]
    before, found, _ = ctypes.string_at(begin, FUNCTION_BYTES).partition(trap)
    return begin + len(before) + len(trap) if found else 0


def run_nothing():
    """Asks for a program that is not there, as the start of a process does."""
    libc.execve(b"", None, None)


def receive(listener):
    """(id, who asks, number of the call, its arguments); OSError where whoever asked is gone."""
    data = bytearray(REQUEST.size)
    fcntl.ioctl(listener, RECEIVE, data)
    identity, asker, _, number, _, _, *arguments = REQUEST.unpack(data)
    return identity, asker, number, arguments


def let_go(listener, identity):
    """The call goes on; where a kernel does not know that, it is denied rather than left waiting."""
    try:
        fcntl.ioctl(listener, SEND, ANSWER.pack(identity, 0, 0, CONTINUE))
    except OSError as error:
        if error.errno != errno.ENOENT:
            with contextlib.suppress(OSError):
                fcntl.ioctl(listener, SEND, ANSWER.pack(identity, 0, -errno.ENOSYS, 0))


def still_asks(listener, identity):
    """Whether what was read of whoever asks was his, and not of somebody who has got his number since."""
    try:
        fcntl.ioctl(listener, IS_VALID, struct.pack("=Q", identity))
    except OSError:
        return False
    return True


class Memory:
    """Reads the memory of others; one thread's."""

    def __init__(self):
        self.buffer = ctypes.create_string_buffer(PAGE_BYTES)
        self.here = Piece(ctypes.addressof(self.buffer), 0)
        self.there = Piece(0, 0)
        self.pointers = ctypes.byref(self.here), ctypes.byref(self.there)

    def read(self, number, address, size):
        """At most so many bytes; OSError where they cannot be read."""
        self.here.size = self.there.size = size
        self.there.address = address
        here, there = self.pointers
        got = libc.process_vm_readv(number, here, 1, there, 1, 0)
        if got <= 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return ctypes.string_at(self.buffer, got)

    def text(self, number, address):
        """What stands there up to the first null byte."""
        found, size = b"", 256
        while len(found) < PATH_BYTES_MAX:
            at = address + len(found)
            piece, end, _ = self.read(number, at, min(size, PAGE_BYTES - at % PAGE_BYTES)).partition(b"\0")
            found += piece
            if end:
                break
            size = PAGE_BYTES
        return found

    def words(self, number, address, size_max):
        """The texts of a list of pointers that ends with a null pointer, as a line of at most so many bytes."""
        found = b""
        for _ in range(WORDS_MAX):
            (pointer,) = struct.unpack("=Q", self.read(number, address, 8))
            if pointer == 0 or len(found) >= size_max:
                break
            found += b" " * bool(found) + self.text(number, pointer)
            address += 8
        return found[:size_max]
