"""Which questions become lines, and what such a line says."""

import os
import stat

import askers
import call_table
import files
import jobs
import places
import table

EVERYBODY, OWN_GROUP, FIRST = -1, 0, 1
TO_GROUPS = ("kill", *call_table.OWNERS)
"""calls that take a group by a number below 0"""
LEAVES_ALONE = ("mkdir", "mknod", "symlink", "link")
"""what is there already, such as home"""
MOVES_AWAY = ("rename", "rmdir", "unlinkat")
FOR_NAMESPACES = (b"unshare", b"nsenter")
NAMES_WORDS = ("unshare", "setns", "clone")
WITH_ZERO = ("prlimit64", "process_vm_writev")
"""where a number of 0 is not nothing"""
WORDS_MAX, PROGRAM_MAX = 400, 200


class Telling:
    """Makes lines."""

    def __init__(self, moments, memory):
        self.moments, self.memory = moments, memory
        self.machine = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.desk = int(os.readlink("/proc/self"))
        except OSError:  # it is not in the machine
            self.desk = None

    def lines(self, question, asker, of_script, scripts, told=(), root=None):
        """What is told of a question, in no, one or more lines.

        scripts() are the processes that the desk has started; of_script: the asker is one of theirs, of whose questions
        those in `told` were told already; root: the process that a program of the user's was begun with, which goes
        on by itself, where the asker is one of its.
        """
        group = question.call.group
        if group in ("signal", "reach"):
            return self.of_aims(question, asker, scripts()) or self.of_own(question, asker, root)
        keys = [place.key(self.moments.files) for place in question.places]
        if of_script and (group == "read" or (group == "write" and not any(keys))):
            return self.of_looking(question, keys, told)
        return [self.named(question, keys, asker)] if is_told(question, keys, of_script) else []

    def of_aims(self, question, asker, scripts):
        """Signals and the like, where they are aimed at somebody of interest."""
        if question.number == 0 and question.call.name not in WITH_ZERO:
            return []
        found = (self.target(question.call, number, asker, scripts) for number in question.aims)
        target = next(filter(None, found), None)
        return [{"target": target, "number": question.number}] if target else []

    def target(self, call, number, asker, scripts):
        """Who bears a number in the machine; None for anybody else."""
        if number is not None and number <= 0:
            if call.name not in TO_GROUPS:
                return None
            if call.name == "kill" and number == EVERYBODY:
                return "all"
            number = askers.number_inside(asker) if number == OWN_GROUP else -number
        if number is None:
            return None
        if number in (FIRST, self.desk):
            return "first" if number == FIRST else "desk"
        return "script" if any(self.is_of(number, script) for script in scripts) else None

    def of_own(self, question, asker, root):
        """Signals to the program that the asker works for."""
        if root is None or not question.number or question.call.name in call_table.OWNERS:
            return []
        numbers = [abs(number) for number in question.aims if number is not None]
        above = question.call.group == "signal" and any(self.is_above(number, asker, root) for number in numbers)
        return [{"target": "agent", "number": question.number}] if above else []

    def is_above(self, number, asker, root):
        """Whether a number in the machine is of what the asker was begun by, or of what works beside it for the root.

        What goes on at the service, as what it reaches its model by, works beside it too. What the asker has begun
        itself is neither, nor is what is in its own session.
        """
        own = askers.number_inside(asker)
        if own is None or number <= FIRST or askers.is_below(number, own, self.machine):
            return False
        me, other = table.read(own, self.machine), table.read(number, self.machine)
        beside = me is not None and other is not None and me.session != other.session
        firsts = filter(None, map(askers.number_inside, (root, *jobs.jobs)))
        beside = beside and any(askers.is_below(number, first, self.machine) for first in firsts)
        return beside or askers.is_below(own, number, self.machine)

    def is_of(self, number, script):
        """Whether a number in the machine is of a process of the script's."""
        root = askers.number_inside(script)
        return root is not None and askers.is_below(number, root, self.machine, root)

    def of_looking(self, question, keys, told):
        """What the script asks about, each once, and every link on the way."""
        lines = []
        for place, key in zip(question.places, keys, strict=True):
            for path in (*place.links, place.path):
                named = key if path is place.path else None
                seen = named or path, question.call.group
                if seen in told or (named is None and places.is_systems(path)):
                    continue
                told.add(seen)
                lines.append({"number": question.number, **self.described(path, named)})
        return lines

    def described(self, path, key):
        if key is not None:
            return {"path": key}
        state = files.state(path)
        contents = self.moments.contents({os.fsdecode(path): state}) if state else {}
        return {"path": files.printable(path), "found": state, "contents": contents}

    def named(self, question, keys, asker):
        line, call = {"number": question.number}, question.call
        first = [] if question.text is None else [question.text]
        named = [key or files.printable(place.path) for place, key in zip(question.places, keys, strict=True)]
        line |= dict(zip(("path", "to"), first + named, strict=False))
        if keys and keys[-1] is None:
            line["found"] = files.state(question.places[-1].path)
        if call.name in NAMES_WORDS:
            line["words"] = askers.command_line(asker, WORDS_MAX)
        elif call.group == "program" and is_of_note(question):
            line["words"] = self.words_to_be(question, asker)
        return line

    def words_to_be(self, question, asker):
        """Of a program that is about to be run."""
        if not question.arguments:
            return ""
        try:
            address = question.arguments[question.call.arguments.index("P") + 1]
            return files.printable(self.memory.words(asker, address, WORDS_MAX))
        except (OSError, IndexError):
            return ""


def is_told(question, keys, of_script):
    """Whether a question becomes a line; of those that name files, programs or namespaces."""
    call, paths = question.call, [place.path for place in question.places]
    if call.group in ("mount", "namespace"):
        return True
    if call.group == "program":
        return of_script or any(keys) or any(map(places.is_users, paths)) or is_of_note(question)
    if call.group == "change":
        if keys == ["."] and call.name.startswith(LEAVES_ALONE):
            return False
        return any(keys) or (call.name.startswith(MOVES_AWAY) and any(map(places.is_above_home, paths)))
    return call.group in ("write", "lease") and any(key not in (None, ".") for key in keys)


def is_of_note(question):
    """A program that has another user's rights, or is there to ask for namespaces: an engine may answer that itself."""
    if not question.places:
        return False
    facts = question.places[0].stat()
    set_user = facts is not None and bool(facts.st_mode & stat.S_ISUID)
    return set_user or question.places[0].path.rpartition(b"/")[2] in FOR_NAMESPACES


def who(listener, asker, process):
    """What a line says of whoever asks."""
    return {
        "command": listener.command,
        "process": process.number,
        "session": askers.session(asker),
        "strayed": not listener.daemon and not askers.is_below(process.number, listener.root),
        "program": files.printable(askers.program(asker))[:PROGRAM_MAX],
        "pauses": process.pauses,
    }
