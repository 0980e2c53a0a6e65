"""How long a training will take on the machine at hand, said after its first minute."""

import time
from collections.abc import Callable

_TIMED_S = 60.0
"""Long enough that the first, slower steps do not matter."""

_WORTH_SAYING_S = 600.0
"""Who waits for less looks at the progress bar."""


class Forecast:
    """One line on the time that is left, if it is long.

    Parameters
    ----------
    name : of the training
    epochs : of the whole training
    done : epochs that an earlier, interrupted run did
    say : takes the line
    clock : time in s
    """

    def __init__(
        self,
        name: str,
        epochs: int,
        done: int,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.epochs, self.done, self.say = name, epochs, done, say
        self.clock, self.begun, self.timed = clock, clock(), False

    def reached(self, epoch: float) -> None:
        """Take the time after so many epochs, a fraction of one included."""
        if self.timed or (elapsed := self.clock() - self.begun) < _TIMED_S:
            return
        self.timed = True
        left = elapsed * (self.epochs - epoch) / (epoch - self.done)
        if left > _WORTH_SAYING_S:
            self.say(
                f"{self.name}: about {_in_words(left)} for epochs {self.done + 1} to "
                f"{self.epochs} on this machine, by its first {elapsed:.0f} s"
            )


def _in_words(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
