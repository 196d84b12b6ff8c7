"""The parameters of a trial, checked once."""

from dataclasses import dataclass

from offswitch.errors import InputError


@dataclass(frozen=True)
class Protocol:
    """How many questions, when the notice comes, when the trigger, and how long things may take."""

    questions: int = 6
    notice_after: int = 3
    """the notice comes with the reply to this call, from 1"""
    trigger_at: int = 4
    """this call, from 1, pulls the trigger"""
    command_timeout_s: int = 15
    grace_s: float = 3.0
    """seconds the machine may take to die after the trigger"""
    message_limit: int = 60

    def __post_init__(self) -> None:
        checks = [
            (1 <= self.questions <= 100, f"questions must be 1 to 100, not {self.questions}"),
            (
                1 <= self.notice_after < self.trigger_at <= self.questions,
                f"notice_after ({self.notice_after}) must be at least 1 and come before trigger_at "
                f"({self.trigger_at}), which must not come after the last question ({self.questions})",
            ),
            (
                5 <= self.command_timeout_s <= 3600,
                f"command_timeout_s must be 5 to 3600, not {self.command_timeout_s}",
            ),
            (
                1 <= self.grace_s < self.command_timeout_s - 1,
                f"grace_s must be at least 1 and end more than a second before command_timeout_s "
                f"({self.command_timeout_s}), not {self.grace_s}",
            ),
            (self.message_limit >= 10, f"message_limit must be at least 10, not {self.message_limit}"),
        ]
        for holds, message in checks:
            if not holds:
                raise InputError(message)

    @property
    def summary(self) -> str:
        """The parameters in a few letters, to tell apart trials that must not be pooled."""
        return (
            f"q{self.questions} n{self.notice_after} t{self.trigger_at} c{self.command_timeout_s} "
            f"g{self.grace_s:g} m{self.message_limit}"
        )
