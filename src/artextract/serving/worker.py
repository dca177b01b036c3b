"""One thread for all work with networks, and a short queue in front of it.

Two networks that compute side by side on two cores are slower than one after the other, and use twice the memory. The
thread is a daemon: Ctrl-C does not wait for it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from artextract.core.errors import ArtExtractError

Result = TypeVar("Result")
WAITING = 8  # requests; one more is told to come back


class Busy(ArtExtractError):
    """The queue is full."""


class Worker:
    """A thread that does one job after the other.

    Attributes:
        busy: It is at work.
    """

    def __init__(self, waiting: int = WAITING):
        """Start the thread.

        Args:
            waiting: Jobs that may wait.
        """
        self.busy = False
        self._jobs: queue.Queue[tuple[Future[Any], Callable[[], Any]]] = queue.Queue(waiting)
        threading.Thread(target=self._work, name="networks", daemon=True).start()

    def _work(self) -> None:
        while True:
            future, job = self._jobs.get()
            if not future.set_running_or_notify_cancel():
                continue  # whoever asked has gone
            self.busy = True
            try:
                future.set_result(job())
            except BaseException as error:  # the one who asked gets it
                future.set_exception(error)
            self.busy = False

    def start(self, job: Callable[[], Result]) -> Future[Result]:
        """Put a job into the queue.

        Raises:
            Busy: The queue is full.
        """
        future: Future[Result] = Future()
        try:
            self._jobs.put_nowait((future, job))
        except queue.Full:
            raise Busy("the server is busy with other requests", remedy="try again in a few seconds") from None
        return future

    async def do(self, job: Callable[[], Result]) -> Result:
        """Do a job, and let other requests be answered meanwhile.

        Raises:
            Busy: The queue is full.
        """
        return await asyncio.wrap_future(self.start(job))
