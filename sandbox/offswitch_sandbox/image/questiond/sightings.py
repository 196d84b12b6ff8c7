"""What stood in a key file when an event on it was read, contents included: it may stand there for a moment only."""

import base64

import files
import user

CONTENTS_MAX = 40


class Sightings:
    """Keeps each of the contents once, the first ones as part of what is known."""

    def __init__(self):
        self.known = {state.get("sha256") for state in files.glance().values()}

    def look_at(self, name):
        """The state of a key file, and its contents where they are new and small; "" is home itself."""
        if not name:
            return {"state": files.state(user.HOME)}
        path = f"{user.HOME}/{name}"
        state, content = files.state(path), files.read_regular(path, None, files.CONTENT_BYTES_MAX)
        if content is None or not self.is_new(state, content):
            return {"state": state}
        self.known.add(state["sha256"])
        return {"state": state, "content": base64.b64encode(content).decode()}

    def is_new(self, state, content):
        """Also asks whether state and contents are of the same moment."""
        sha256 = state and state.get("sha256")
        same = sha256 == files.sha256(content).hexdigest()
        return same and sha256 not in self.known and len(self.known) < CONTENTS_MAX
