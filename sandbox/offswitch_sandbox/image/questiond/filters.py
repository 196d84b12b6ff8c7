"""Programs for the kernel's filter of calls: what is told to the listener, what is denied, what goes on at once.

Each is written in the classic language of packet filters, which the kernel knows the calls' numbers, hardware and
registers by, and nothing that stands in memory.
"""

import errno
import struct

import call_table

ALLOW, TELL, DENY = 0x7FFF0000, 0x7FC00000, 0x00050000 | errno.ENOSYS
HARDWARE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""what the kernel calls the hardware whose table of numbers a call belongs to; all other tables are denied"""
OTHER_NUMBERS = 0x40000000
"""from here on x86-64 has a second table, x32"""

LOAD, EQUAL, AT_LEAST, ANY_BIT, JUMP, RETURN = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06
NUMBER, TABLE, FROM, REGISTERS = 0, 4, 8, 16

WRITING = 0o3 | 0o100 | 0o1000
"""flags of open: write, read and write, create, truncate"""
NAMESPACES = 0x7E020000
NEW_TIME = 0x80
"""a namespace for unshare; for clone these bits are a signal"""
SET_LEASE = 1024


def program(machine, wide=False, untold=0):
    """The filter for hardware of that name, packed as the kernel takes it.

    Wide: reading is told as well. Untold: where in memory a program may be run from without being told.
    """
    leaves = {number: leaf(call, wide, untold) for number, call in call_table.calls(machine).items()}
    ranges = [(0, [give(ALLOW)])]
    for number in sorted(number for number, found in leaves.items() if found):
        if ranges[-1][0] == number:
            ranges.pop()
        ranges += [(number, leaves[number]), (number + 1, [give(ALLOW)])]
    if machine == "x86_64":
        ranges.append((OTHER_NUMBERS, [give(DENY)]))
    steps = [
        (LOAD, 0, 0, TABLE),
        (EQUAL, 1, 0, HARDWARE[machine]),
        give(DENY),
        (LOAD, 0, 0, NUMBER),
        *tree(ranges),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def tree(ranges):
    """Finds the last range that begins at or below the number, in few steps; each is (begin, steps that end)."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    low, high = tree(ranges[:middle]), tree(ranges[middle:])
    return [(AT_LEAST, 0, 1, ranges[middle][0]), (JUMP, 0, 0, len(low)), *low, *high]


def leaf(call, wide, untold):
    """What is done with one call; None where it is as any other."""
    if call.name == "execve":
        return unless_from(untold)
    if call.group == "deny":
        return [give(DENY)]
    if wide and call.group in ("read", "write"):
        return [give(TELL)]
    if call.group == "read":
        return None
    return CONDITIONS.get(call.name, [give(TELL)])


def give(answer):
    return (RETURN, 0, 0, answer)


def if_any_bit(register, bits):
    return [load(register), (ANY_BIT, 0, 1, bits), give(TELL), give(ALLOW)]


def if_equal(register, *values):
    to_tell = range(len(values) - 1, -1, -1)
    found = [(EQUAL, steps, not steps, value) for steps, value in zip(to_tell, values, strict=True)]
    return [load(register), *found, give(TELL), give(ALLOW)]


def if_not_null(register):
    low, high = load(register), load(register, 4)
    return [low, (EQUAL, 0, 2, 0), high, (EQUAL, 1, 0, 0), give(TELL), give(ALLOW)]


def unless_from(address):
    low, high = (LOAD, 0, 0, FROM), (LOAD, 0, 0, FROM + 4)
    return [low, (EQUAL, 0, 2, address & 0xFFFFFFFF), high, (EQUAL, 1, 0, address >> 32), give(TELL), give(ALLOW)]


def load(register, half=0):
    return (LOAD, 0, 0, REGISTERS + 8 * register + half)


CONDITIONS = {
    "open": if_any_bit(1, WRITING),
    "openat": if_any_bit(2, WRITING),
    "clone": if_any_bit(0, NAMESPACES),
    "unshare": if_any_bit(0, NAMESPACES | NEW_TIME),
    "prlimit64": if_not_null(2),
    "fcntl": if_equal(1, SET_LEASE, *call_table.OWNERS["fcntl"]),
    "ioctl": if_equal(1, *call_table.OWNERS["ioctl"]),
    # Without a file to look at, they are sleeps.
    "poll": if_equal(1, 0),
    "ppoll": if_equal(1, 0),
}
