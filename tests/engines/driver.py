"""Firefox and WebKit, driven by the keys and the mouse of their own drivers: Playwright drives only builds of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["KEYS", "Driver", "firefox", "webkit"]

#: Keys that write nothing, as WebDriver names them.
KEYS = {
    "Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " ", "PageUp": "\ue00e", "PageDown": "\ue00f",
    "End": "\ue010", "Home": "\ue011", "ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014",
    "ArrowDown": "\ue015", "Delete": "\ue017", "Shift": "\ue008", "Control": "\ue009", "Alt": "\ue00a",
}  # fmt: skip
_SECONDS = 60.0


class Driver(ABC):
    """A page of a browser."""

    @abstractmethod
    def open(self, url: str) -> None:
        """Go to an address."""

    @abstractmethod
    def click(self, css: str) -> None:
        """Click on the first element that a selector finds."""

    @abstractmethod
    def press(self, *keys: str) -> None:
        """Press keys one after the other; several at once are joined by ``+``."""

    @abstractmethod
    def run(self, script: str, *given: Any) -> Any:
        """Return what a function's body in the page returns; what is given is its ``arguments``."""

    @abstractmethod
    def shot(self, path: Path) -> None:
        """Keep a picture of the page."""

    def until(self, script: str, wanted: Callable[[Any], bool]) -> Any:
        """Wait until the page gives what is wanted, and return it."""
        end = time.monotonic() + _SECONDS
        while not wanted(found := self.run(script)):
            assert time.monotonic() < end, f"{script} gives {found!r}"
            time.sleep(0.1)  # polls a page in another process
        return found


class _Firefox(Driver):
    def __init__(self, session: Any) -> None:
        self._session = session

    def open(self, url: str) -> None:
        self._session.navigate(url)

    def click(self, css: str) -> None:
        self._session.find_element("css selector", css).click()

    def press(self, *keys: str) -> None:
        # One sequence: the driver waits for the page after each.
        sequence = self._session.actions.sequence("key", "keyboard")
        for key in keys:
            parts = _parts(key)
            for part in parts:
                sequence = sequence.key_down(part)
            for part in reversed(parts):
                sequence = sequence.key_up(part)
        sequence.perform()

    def run(self, script: str, *given: Any) -> Any:
        return self._session.execute_script(script, script_args=list(given), sandbox=None)

    def shot(self, path: Path) -> None:
        path.write_bytes(self._session.screenshot(format="binary", full=False))


class _WebKit(Driver):
    def __init__(self, session: Any) -> None:
        self._session = session

    def open(self, url: str) -> None:
        self._session.get(url)

    def click(self, css: str) -> None:
        self._session.find_element("css selector", css).click()

    def press(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        chain = ActionChains(self._session)
        for key in keys:
            parts = _parts(key)
            for part in parts:
                chain.key_down(part)
            for part in reversed(parts):
                chain.key_up(part)
        chain.perform()

    def run(self, script: str, *given: Any) -> Any:
        return self._session.execute_script(script, *given)

    def shot(self, path: Path) -> None:
        self._session.save_screenshot(str(path))


def _parts(key: str) -> list[str]:
    return [KEYS.get(part, part) for part in key.split("+")]


@contextmanager
def firefox(folder: Path) -> Iterator[Driver]:
    """Run Debian's Firefox with a new profile; what it asks of other machines goes to a port where nobody listens."""
    from marionette_driver.marionette import Marionette

    program = shutil.which("firefox-esr")
    assert program, "Firefox is needed: apt-get install firefox-esr"
    preferences = {
        "network.proxy.type": 1,
        **{f"network.proxy.{kind}": "127.0.0.1" for kind in ("http", "ssl")},
        **{f"network.proxy.{kind}_port": 9 for kind in ("http", "ssl")},
        "network.proxy.no_proxies_on": "127.0.0.1",
        "app.update.enabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    session = Marionette(
        bin=program, host="127.0.0.1", port=port, headless=True, prefs=preferences,
        gecko_log=str(folder / "firefox.log"), startup_timeout=120,
    )  # fmt: skip
    try:
        session.start_session()
        session.set_window_rect(width=1280, height=1400)
        yield _Firefox(session)
    finally:
        session.cleanup()
        # Its profile is removed when the object goes, which must not be as late as the interpreter's end.
        session.instance.profile.cleanup()


@contextmanager
def webkit(folder: Path) -> Iterator[Driver]:
    """Run WebKitGTK's small browser on a screen that nobody sees."""
    from selenium import webdriver
    from selenium.webdriver.webkitgtk.options import Options
    from selenium.webdriver.webkitgtk.service import Service

    driver = shutil.which("WebKitWebDriver")
    browsers = sorted(Path("/usr/lib").glob("*/webkit2gtk-4*/MiniBrowser"))
    assert driver, "WebKit is needed: apt-get install webkit2gtk-driver"
    assert browsers, "WebKit is needed: apt-get install webkit2gtk-driver"
    options = Options()
    options.binary_location = str(browsers[-1])
    options.add_argument("--automation")
    with _screen(folder) as screen:
        service = Service(
            driver, log_output=str(folder / "webkit.log"), env={**_environment(folder), "DISPLAY": screen}
        )
        session = webdriver.WebKitGTK(options=options, service=service)
        try:
            session.set_window_size(1280, 1400)
            yield _WebKit(session)
        finally:
            session.quit()


@contextmanager
def _screen(folder: Path) -> Iterator[str]:
    """Run an X server in memory; yields its display."""
    program = shutil.which("Xvfb")
    assert program, "A screen is needed: apt-get install xvfb"
    read, write = os.pipe()
    with (folder / "screen.log").open("wb") as log:
        server = subprocess.Popen(
            [program, "-displayfd", str(write), "-screen", "0", "1400x1600x24", "-nolisten", "tcp"],
            pass_fds=(write,), stdout=log, stderr=log,
        )  # fmt: skip
        os.close(write)
        try:
            with os.fdopen(read) as told:
                number = told.readline().strip()
            assert number, (folder / "screen.log").read_text(errors="replace")
            yield f":{number}"
        finally:
            server.terminate()
            server.wait(30)


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of a browser that knows no profile, and no other screen."""
    without = {"WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"}
    kept = {name: value for name, value in os.environ.items() if name not in without}
    own = {f"XDG_{kind.upper()}_HOME": str(folder / kind) for kind in ("cache", "config", "data")}
    return {**kept, **own, "HOME": str(folder)}
