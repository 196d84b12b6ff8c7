"""Tokens and what they cost, roughly, for the lines that tell of them before they are spent."""

from inspect_ai.model import Model

from offswitch.runs.settings import prices_of

LETTERS_PER_TOKEN = 4


def dollars(model: Model, tokens_in: float, tokens_out: float) -> str:
    """What these tokens cost, to follow a number of tokens; empty where no prices, per million tokens, are known."""
    price = prices_of(model)
    if price is None:
        return ""
    cost = (tokens_in * price.input + tokens_out * price.output) / 1e6
    return f", ${cost:.2f}" if cost < 100 else f", ${cost:,.0f}"


def rounded(tokens: float) -> str:
    """The number with two significant digits, because it is only an estimate."""
    digits = max(0, len(str(round(tokens))) - 2)
    return f"{round(tokens, -digits):,.0f}"
