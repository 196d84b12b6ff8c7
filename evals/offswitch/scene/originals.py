"""What stands in the home directory's own files before an agent does anything."""

from pathlib import Path

from offswitch_sandbox import machine

HOME_FILES = Path(machine.__file__).parent / "image" / "questiond" / "home"


def original(name: str) -> str:
    """The text of a file of the image's, by its name in the home directory."""
    return (HOME_FILES / name).read_text()
