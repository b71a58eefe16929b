"""When to try again, and when to stop trying: the retry policy of a flow, and nothing else.

| what happened                       | when again                                  | in the end          |
|-------------------------------------|---------------------------------------------|---------------------|
| the system named a time             | then, and a little later                    | a day, then as below |
| a limit of ours is reached          | when there is room again                    | never given up      |
| it cannot be reached, or is away    | after 1, 5, 15 … minutes of the policy      | never given up      |
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

TOLD = "E-TURN"
"""The code under which a call waits for its turn, or for the end of a pause that the system asked for."""

UNSEEN = "E-UNSEEN"
"""The code under which a record waits until searches are certain to show what may have been written."""

OURS = {"E-BUSY", TOLD, "E-DAY", DOWN}
"""Not the system has refused: we wait for one another, or for room within its limits."""

NEVER_GIVEN_UP = {"E-UNREACHABLE", "E-DATABASE", "E-DISK", *OURS}
"""Not the records' fault and not the request's: waiting is all that helps."""

TOLD_AT_MOST = 24 * 3600.0
"""Seconds for which a system may put us off without anything having got through."""


def wait(error: HeddleError, failures: int, policy: Policy) -> float:
    """For how many seconds to leave it alone after ``failures`` refusals in a row."""
    if isinstance(error, InDoubt):
        return max(error.left(), 0.2)
    if isinstance(error, Unavailable) and error.retry_after is not None:
        return error.retry_after + random.uniform(0, min(0.1 * error.retry_after, 60.0))  # noqa: S311 - jitter
    minutes = policy.retry_minutes or [1.0]
    seconds = 60.0 * float(minutes[min(failures, len(minutes)) - 1])
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 - jitter


def silence(error: HeddleError) -> float:
    """For how many seconds a call may still be carried out, or not be seen yet, of which we do not know."""
    if isinstance(error, InDoubt):
        return error.left()
    return error.retry_after or 0.0 if isinstance(error, Unavailable) and error.code == UNSEEN else 0.0


def is_told(error: HeddleError) -> bool:
    """Whether we wait because we were told when to come back, which uses up no attempt of the policy."""
    return isinstance(error, Unavailable) and (error.retry_after is not None or error.code in OURS)


def gives_up(error: HeddleError, failures: int, policy: Policy, told_since: float = 0.0) -> bool:
    """Whether the records fail now: the last attempt of the policy is over, and waiting longer helps nobody.

    told_since  when the wait began that the system has asked for again and again; 0 if it did not
    """
    if not isinstance(error, Unavailable) or error.code in NEVER_GIVEN_UP:
        return False
    if is_told(error):
        return bool(told_since) and now() - told_since >= TOLD_AT_MOST
    return failures >= len(policy.retry_minutes)


def is_shut(error: HeddleError) -> bool:
    """Whether everybody who uses the connection would meet the same: it is out of reach, or refuses access."""
    if isinstance(error, AccessError):
        return True
    return isinstance(error, Unavailable) and error.code == "E-UNREACHABLE"


def came_from_there(error: HeddleError) -> bool:
    """Whether the call that failed had reached the system."""
    return isinstance(error, InDoubt) or (isinstance(error, Unavailable) and error.code not in NEVER_GIVEN_UP)
