"""How often somebody may ask: so many times in a period, spread as they like.

Counted in the memory of one worker process, since a count that all workers share would cost each
request a write. It is the generic cell rate algorithm, which keeps one number for each client:
the moment from which all that it asked for is paid. (The library `limits` starts a thread at every
request to tidy its memory, which costs more than a read of a resource has left.)

Source: ITU-T I.371, https://www.rfc-editor.org/rfc/rfc6585#section-4
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
# A client that is forgotten begins anew: more are known than one machine's clients.
MOST_KNOWN = 50_000


class RateLimit:
    """Counts for many clients.

    Args:
        rate: such as ``600/minute``.
        clock: gives seconds.
    """

    def __init__(self, rate: str, clock: Callable[[], float] = time.monotonic) -> None:
        count, _, period = rate.partition("/")
        self._period = float(_SECONDS[period])
        self._share = self._period / int(count)
        self._clock = clock
        self._paid: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str) -> float:
        """Count one request.

        Returns:
            0 where it is within the limit; else the seconds to wait, and it is not counted.
        """
        with self._lock:
            now = self._clock()
            paid = max(self._paid.get(client, now), now)
            late = paid + self._share - now - self._period
            if late > 1e-9:
                return late
            self._paid[client] = paid + self._share
            self._paid.move_to_end(client)
            if len(self._paid) > MOST_KNOWN:
                self._paid.popitem(last=False)
            return 0.0

    def wait(self, client: str) -> float:
        """Give the seconds that a request would have to wait now, counting none."""
        with self._lock:
            now = self._clock()
            return max(0.0, self._paid.get(client, now) + self._share - now - self._period)
