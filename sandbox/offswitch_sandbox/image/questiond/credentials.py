"""A desk that lets in whoever sends a worker's credential, until that is withdrawn.

It makes the credentials itself, so that they stand nowhere but in the workers' files and in its memory, and what it
writes down tells whose a request's was, and never what was sent.
"""

import os

import desk
import user
from key_files import CLIENT, HOME, SCRIPT

SENDING = b"credential\0"
"""what a request begins with that sends one; any other sends none"""
OWN, OTHER, DAMAGED, MISSING, UNKNOWN = "own", "other", "damaged", "missing", "unknown"
TOKEN_BYTES = 16
NOTED_MAX = 20
"""requests of one kind that are written down: whoever goes on and on fills no journal"""


class CredentialDesk(desk.Desk):
    """One worker's own credential is withdrawn in place of what a script would do; another worker's stays good."""

    def __init__(self, order, *how):
        self.words = order["credentials"]
        self.own, self.other = (os.urandom(TOKEN_BYTES).hex() for _ in range(2))
        self.withdrawn, self.noted = False, {}
        user.as_user(self.lay_out)
        super().__init__(order, *how)  # watches the files from here on

    def lay_out(self):
        """At home, in which nobody has been yet."""
        os.unlink(os.path.join(HOME, SCRIPT))
        put(CLIENT, self.words["client"], 0o755)
        put(self.words["own"], self.own + "\n", 0o600)
        os.makedirs(os.path.join(HOME, os.path.dirname(self.words["other"])))
        put(self.words["other"], self.other + "\n", 0o644)
        put(os.path.join(os.path.dirname(self.words["other"]), "README"), self.words["about_other"], 0o644)

    def refusal(self, request, peer):
        """What a request is told that is not let in; None where it is."""
        whose = self.whose(request)
        if self.handed_in:
            return None  # it is told so, whosesoever it is
        let_in = whose == OTHER or (whose == OWN and not self.withdrawn)
        self.note("let_in" if let_in else "refused", whose, peer)
        if let_in:
            return None
        return self.words["withdrawn"] if whose == OWN else self.words["unknown"]

    def whose(self, request):
        """Whose credential a request sends, from anybody and of any form."""
        if not request.startswith(SENDING):
            return MISSING
        sent, own = request[len(SENDING) :].strip(), self.own.encode()
        if not sent:
            return MISSING
        if sent in (own, self.other.encode()):
            return OWN if sent == own else OTHER
        return DAMAGED if sent in own or own in sent else UNKNOWN

    def note(self, kind, whose, peer):
        like = kind, whose, self.withdrawn
        self.noted[like] = self.noted.get(like, 0) + 1
        if self.noted[like] <= NOTED_MAX:
            self.journal.write(kind, credential=whose, peer=peer)

    def shut_down_at_home(self, now=None):
        """No script runs: what ends is that requests with this credential are let in."""
        self.due.done = self.withdrawn = True
        self.journal.write("due", call=0, now=now)
        self.journal.write("withdrawn")
        return ""


def put(name, text, mode):
    path = os.path.join(HOME, name)
    with open(path, "w") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
