"""When to try again, and when to stop trying: the retry policy of a flow, and nothing else.

| what happened                       | when again                                  | in the end          |
|-------------------------------------|---------------------------------------------|---------------------|
| the system named a time             | then, and a little later                    | the policy decides  |
| it cannot be reached, or is down    | after 1, 5, 15 … minutes of the policy      | never given up      |
| it refused access                   | after the minutes of the policy             | never given up      |
| it cannot answer for another reason | after the minutes of the policy             | the records fail    |
| a write got no answer               | when its time limit is certainly over       | it is looked up     |
"""

from __future__ import annotations

import random

from engine.clock import now
from engine.errors import AccessError, HeddleError, InDoubt, Unavailable
from engine.flow import Policy

DOWN = "E-DOWN"
"""The code under which lanes wait together for a connection that somebody else has found shut."""

NEVER_GIVEN_UP = {"E-BUSY", "E-UNREACHABLE", "E-DATABASE", "E-DISK", DOWN}
"""Not the records' fault and not the request's: waiting is all that helps."""


def due_at(error: HeddleError, failures: int, policy: Policy) -> float:
    """The time, in epoch seconds, of the next attempt after ``failures`` refusals in a row."""
    if isinstance(error, InDoubt):
        return max(error.sent_at + error.timeout, now() + 0.2)
    if isinstance(error, Unavailable) and error.retry_after is not None:
        return now() + error.retry_after + random.uniform(0, 0.1 * error.retry_after)  # noqa: S311 - jitter
    minutes = policy.retry_minutes or [1.0]
    seconds = 60.0 * float(minutes[min(failures, len(minutes)) - 1])
    return now() + seconds * random.uniform(0.9, 1.1)  # noqa: S311 - jitter


def gives_up(error: HeddleError, failures: int, policy: Policy) -> bool:
    """Whether the records fail now: the last attempt of the policy is over, and waiting longer helps nobody."""
    if not isinstance(error, Unavailable) or error.code in NEVER_GIVEN_UP:
        return False
    return failures >= len(policy.retry_minutes)


def is_shut(error: HeddleError) -> bool:
    """Whether everybody who uses the connection would meet the same: it is out of reach, or refuses access."""
    if isinstance(error, AccessError):
        return True
    return isinstance(error, Unavailable) and error.code == "E-UNREACHABLE"
