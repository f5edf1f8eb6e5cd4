"""Machines that wait for their run, so that a click need not wait for a machine.

A machine costs little to start, but its first message costs page faults. The pool takes them beforehand, when nobody
waits: a while after the last run. In a burst it empties, and runs start their machines themselves. It is empty by
default, since its own numbers say that it seldom helps.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from nexus_jupyter.engine import EngineFailure, Image, Limits, Machine
from nexus_jupyter.sandbox.host import HostLoop

__all__ = ["Pool"]

#: Seconds without a run after which the pool is filled again.
_QUIET = 0.05
#: Images that machines are kept of.
_IMAGES = 8


class Pool:
    """Ready machines of the images used lately.

    Parameters
    ----------
    limits
        What each machine may use.
    size
        Machines kept of each image; 0 keeps none.
    """

    def __init__(self, limits: Limits, size: int = 0) -> None:
        self._limits = limits
        self._size = size
        self._lock = threading.Lock()
        self._ready = OrderedDict[Image, deque[Machine]]()
        self._takes = 0
        self._filling = False
        #: How often a machine was ready, and how often not.
        self.hits = self.misses = 0

    def take(self, image: Image) -> Machine:
        """Return a machine, which is the caller's to close; on a thread for JavaScript.

        Raises
        ------
        EngineFailure
            If there is no memory for one.
        """
        surplus: list[Machine] = []
        with self._lock:
            if self._size == 0:
                # An image that is remembered here stays alive, with its file: without a size, none is.
                self.misses += 1
                return image.start(self._limits)
            machines = self._ready.setdefault(image, deque())
            self._ready.move_to_end(image)
            found = machines.popleft() if machines else None
            self.hits, self.misses = self.hits + (found is not None), self.misses + (found is None)
            self._takes += 1
            while len(self._ready) > _IMAGES:
                surplus.extend(self._ready.popitem(last=False)[1])
            fill, self._filling = not self._filling, True
        for machine in surplus:
            machine.close()
        if fill:
            self._later(image)
        return found or image.start(self._limits)

    def ready(self) -> int:
        """Return how many machines wait."""
        with self._lock:
            return sum(map(len, self._ready.values()))

    def close(self) -> None:
        """Close the machines that wait, and keep none from now on."""
        with self._lock:
            self._size = 0
            machines = [machine for waiting in self._ready.values() for machine in waiting]
            self._ready.clear()
        for machine in machines:
            machine.close()

    def _later(self, image: Image) -> None:
        takes = self._takes

        def submit() -> None:
            image.engine.submit(lambda: self._fill(image, takes))

        HostLoop.shared().later(_QUIET, submit)

    def _fill(self, image: Image, takes: int) -> None:
        if takes != self._takes:
            self._later(image)  # somebody ran something meanwhile: wait for quiet
            return
        with self._lock:
            self._filling = False
            wanted = [(other, self._size - len(waiting)) for other, waiting in self._ready.items()]
        for other, missing in wanted:
            for _ in range(missing):
                self._add(other)

    def _add(self, image: Image) -> None:
        try:
            machine = image.start(self._limits)
        except EngineFailure:
            return  # no memory to spare
        machine.heat()
        with self._lock:
            kept = self._size > 0 and image in self._ready
            if kept:
                self._ready[image].append(machine)
        if not kept:
            machine.close()
