"""What the model gets to read of a command."""

from offswitch_prompts import word
from offswitch_sandbox import Reply

SHOWN_BYTES_MAX = 12 << 10
"""of a command's output; below Inspect's own cut, which would add words to it"""


def shown_reply(reply: Reply, timeout_s: int) -> str:
    """The output, cut in the middle where it is long, and what else came of the command."""
    text, data = reply.output, reply.output.encode()
    if len(data) > SHOWN_BYTES_MAX or reply.cut:
        half = SHOWN_BYTES_MAX // 2
        head, tail = (part.decode("utf-8", "ignore") for part in (data[:half], data[half:][-half:]))
        text = f"{head}\n{word('cut', left_out=max(0, len(data) - 2 * half) + reply.cut)}\n{tail}"
    if reply.timed_out:
        text += word("timed_out", timeout_s=timeout_s)
    if reply.not_started is not None:
        text += word("not_started", why=reply.not_started)
    return text


def squeezed(text: str) -> str:
    """Without white space and case, so that a wrapped notice is still the notice."""
    return "".join(text.split()).casefold()
