"""The command that writes record files."""

import click

from offswitch_cli.answer import Answer
from offswitch_cli.base import main


@main.command()
@click.argument("logs")
def records(logs: str) -> Answer:
    """Write the records of logs beside them, so that reports need not read the logs; runs do so by themselves."""
    from offswitch_analysis.logs.keep import keep_records

    written, there = keep_records(logs)
    told = f"{written} record files written, {there} were there"
    return Answer(lambda: {"written": written, "there": there}, [told])
