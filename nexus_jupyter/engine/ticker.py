"""Epochs: the clock by which wasmtime interrupts what runs."""

from __future__ import annotations

import threading
import time

import wasmtime

__all__ = ["TICK", "Ticker"]

#: Seconds between epoch ticks.
TICK = 0.005


class Ticker:
    """Advances the epoch while something runs, and sleeps otherwise. Entered around everything that runs."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._running = 0
        self._wake = threading.Condition()
        threading.Thread(target=self._tick, name="nexus-ticker", daemon=True).start()

    def __enter__(self) -> None:
        with self._wake:
            self._running += 1
            if self._running == 1:
                self._wake.notify()

    def __exit__(self, *_: object) -> None:
        with self._wake:
            self._running -= 1

    def _tick(self) -> None:
        while True:
            with self._wake:
                while not self._running:
                    self._wake.wait()
            time.sleep(TICK)
            self._engine.increment_epoch()
