"""Hand edits, a person's git, Nexus and kill -9 in any mix: every text that was ever there is still to be found.

A person edits files, commits, branches, merges and stashes in a shell, and renames and copies the folder; Nexus edits
panels, commits, switches and merges, and is killed at any moment of that. Each text has a word of its own. What must
hold: the word of a person's text is in the folder, in a version that a reference leads to, or in an open question; the
word of an edit in Nexus that was acknowledged is in one of them or in the journal. The person overwrites nothing of
their own. ``NEXUS_KILLS`` says how often; `make faults` does it 500 times.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel

KILLS = int(os.environ.get("NEXUS_KILLS", "30"))
CHECKED_EVERY = 10
ROOT = Path(__file__).parent.parent.parent
PANELS = ("p0", "p1", "p2")
TOKEN = re.compile(rb"word-[hn]-\d+")


class Mix:
    """A workspace, a person in a shell beside it, and the words of all texts that they have written."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], dice: random.Random) -> None:
        self.folder, self.process, self.dice = folder, process, dice
        self.words: set[bytes] = set()
        self.done: list[str] = []
        self.leader = 0
        self.count = 0

    # The workspace

    def open(self) -> None:
        while True:
            self._send({"folder": str(self.folder)}, before="\n")
            word, rest = self._hear()
            if word == "open":
                self.leader = int(rest)
                return
            # What the killed one had started may be about to end.
            assert "is open in" in rest, f"{rest}\n{self.done[-12:]}"
            assert self._hear()[0] == "gone"

    def kill(self, delay: float) -> None:
        time.sleep(delay)  # the moment of the kill is meant to be any
        os.killpg(self.leader, signal.SIGKILL)
        while self._hear()[0] != "gone":
            pass
        for lock in (self.folder / ".git").rglob("*.lock"):  # as git tells a person to do
            lock.unlink()

    def nexus(self, *, killed: bool = False) -> None:
        """Have Nexus do something; when it is killed at that, nothing of it was acknowledged."""
        refs = self.branches() or ["main"]
        order = {
            "do": self.dice.choice(
                ["put", "put", "put", "commit", "commit", "switch", "checkout", "merge", "branch", "answer"]
            )
        }
        match order["do"]:
            case "put":
                order |= {"panel": self.dice.choice(PANELS), "token": self.word("n", known=False)}
            case "branch":
                order["ref"] = f"n{self.count}"
            case "answer":
                order["dice"] = str(self.count)
            case "switch" | "checkout" | "merge":
                order["ref"] = self.dice.choice(refs)
        self.done.append(json.dumps(order) + (" killed" if killed else ""))
        self._send(order)
        if killed:
            self.kill(self.dice.random() / 5)
            return
        word, rest = self._hear()
        assert word in {"done", "refused"}, f"{rest}\n{self.done[-12:]}"
        if word == "done" and "token" in order:
            self.words.add(order["token"].encode())
        self.done[-1] += f" {word} {rest}"
        damaged = re.search(r"nog/(\w+)\.json of that version is damaged|panel '(\w+)' of that version", rest)
        if damaged and order["do"] in {"commit", "answer"}:
            self.mend(damaged[1] or damaged[2])

    # The person

    def person(self) -> None:
        name = self.dice.choice(
            ["edit"] * 6
            + ["new", "broken", "file", "file", "add", "commit", "commit", "branch", "go", "merge", "stash", "pop"]
        )
        self.done.append(f"person: {name}")
        ways: dict[str, Callable[[], object]] = {
            "edit": lambda: self.edit(f"<text>{self.word('h')}</text></view>"),
            "broken": lambda: self.edit(f"<text>{self.word('h')}</view>"),
            "new": self.new,
            "file": self.file,
            "add": lambda: self.git("add", "--all"),
            "commit": lambda: self.git("add", "--all") and self.git("commit", "-q", "-m", "by the person"),
            "branch": lambda: self.git("checkout", "-q", "-b", f"b{self.count}"),
            "go": lambda: self.git("checkout", "-q", self.dice.choice(self.branches() or ["main"])),
            "merge": self.merge,
            "stash": lambda: self.git("stash", "list") and not self.said and self.git("stash", "-q"),
            "pop": self.pop,
        }
        ways[name]()

    def edit(self, ending: str) -> None:
        files = sorted((self.folder / "panels").glob("*.nxml"))
        file = self.dice.choice(files) if files else None
        text = file.read_text() if file else ""
        if file and "</view>" in text:
            before, _, after = text.rpartition("</view>")
            self.write(file, f"{before}{ending}{after}")

    def new(self) -> None:
        name = f"h{self.count}"
        self.write(
            self.folder / "panels" / f"{name}.nxml",
            f'<panel id="{name}"><view><text>{self.word("h")}</text></view></panel>',
        )

    def file(self) -> None:
        file = self.folder / "files" / self.dice.choice(["a.txt", "b.txt", "deep/c.txt"])
        held = file.read_text() if file.is_file() else ""
        self.write(file, f"{held}{self.word('h')}\n")

    def merge(self) -> None:
        self.git("status", "--porcelain")
        if not self.said and not self.git(
            "merge", "-q", "-m", "by the person", self.dice.choice(self.branches() or ["main"])
        ):
            self.git("merge", "--abort")

    def pop(self) -> None:
        if not self.git("stash", "pop", "-q"):
            self.git("diff", "--name-only", "--diff-filter=U")
            for name in self.said.decode().split():  # what was stashed stays in the stash
                self.git("checkout", "-q", "--ours", "--", name)
                self.git("add", "--", name)

    def mend(self, panel: str) -> None:
        """Do what the refusal says: commit a panel's files as they were when they were well."""
        self.done.append(f"person: mend {panel}")
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "damaged")
        paths = [f"panels/{panel}.nxml", f"nog/{panel}.json"]
        self.git("log", "--format=%H", "--", *paths)
        for commit in self.said.decode().split()[1:]:
            if self.git("show", f"{commit}:{paths[1]}") and well(self.said):
                self.git("checkout", "-q", commit, "--", *paths)
                break
        else:
            self.git("rm", "-q", "--ignore-unmatch", "--", *paths)
        self.git("commit", "-q", "-m", "mended")

    def move(self) -> None:
        """Rename the folder, or go on in a copy of it."""
        to = self.folder.with_name(f"ws {self.count}")
        self.count += 1
        if self.dice.random() < 0.5:
            self.folder.rename(to)
        else:
            shutil.copytree(self.folder, to, symlinks=True)
        self.done.append(f"person: folder {to.name}")
        self.folder = to

    # Parts

    def word(self, kind: str, *, known: bool = True) -> str:
        self.count += 1
        word = f"word-{kind}-{self.count}"
        if known:
            self.fresh = word.encode()
        return word

    def write(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name("part.tmp")
        part.write_text(text)
        part.replace(file)
        self.words.add(self.fresh)

    def git(self, *args: str) -> bool:
        command = ["git", "-c", "user.name=p", "-c", "user.email=p@example.org", "-c", "gc.auto=0", *args]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False)
        self.said = done.stdout
        return done.returncode == 0

    def branches(self) -> list[str]:
        self.git("for-each-ref", "--format=%(refname:short)", "refs/heads")
        return self.said.decode().split()

    def found(self) -> tuple[set[bytes], set[bytes]]:
        """Return the words that are in the folder, in versions and in questions; and those in the journal."""
        texts = [
            path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
            and not path.is_relative_to(self.folder / ".git")
            and not path.is_relative_to(self.folder / ".nexus")
        ]
        self.git("rev-list", "--objects", "--all", "--no-object-names")
        ids = self.said
        self.git("ls-files", "--stage")
        ids += b"".join(line.split()[1] + b"\n" for line in self.said.splitlines())
        batch = subprocess.run(
            ["git", "cat-file", "--batch", "--buffer"], input=ids, cwd=self.folder, capture_output=True, check=True
        )
        with closing(sqlite3.connect(self.folder / ".nexus" / "journal.db")) as journal:
            dump = "\n".join(journal.iterdump()).encode()
        held = {word for text in [*texts, batch.stdout] for word in TOKEN.findall(text)}
        return held, set(TOKEN.findall(dump))

    def check(self, questions: bytes = b"") -> None:
        held, journal = self.found()
        held |= set(TOKEN.findall(questions))
        lost = {word for word in self.words if word not in held and not (b"-n-" in word and word in journal)}
        assert not lost, f"{sorted(lost)} lost\n" + "\n".join(self.done[-60:])

    def _send(self, order: dict[str, str], before: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{before}{json.dumps(order)}\n")
        self.process.stdin.flush()

    def _hear(self) -> tuple[str, str]:
        assert self.process.stdout is not None
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        return word, rest


def well(data: bytes) -> bool:
    """Whether a file of entities can be read."""
    try:
        return bool(json.loads(data))
    except ValueError:
        return False


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.faults.versioner"]
    started = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield started
    assert started.stdin is not None
    started.stdin.close()
    started.wait(60)


@pytest.mark.faults
@pytest.mark.timeout(120 + 8 * KILLS)
def test_every_text_is_in_the_folder_a_version_or_a_question(
    tmp_path: Path, engine: Engine, process: subprocess.Popen[str]
) -> None:
    dice = random.Random(int(os.environ.get("NEXUS_SEED", "7")))
    mix = Mix(tmp_path / "ws", process, dice)
    for kill in range(1, KILLS + 1):
        mix.open()
        for _ in range(dice.randrange(2, 6)):
            mix.nexus()
            if dice.random() < 0.7:
                mix.person()
        mix.nexus(killed=True)
        if dice.random() < 0.1:
            mix.move()
        if kill % CHECKED_EVERY == 0:
            mix.check()
            sys.stdout.write(f"{kill} kills, {len(mix.words)} texts, none lost\n")
    mix.open()
    mix.kill(0)
    mix.git("reflog", "expire", "--expire=now", "refs/heads/main")
    kernel = WorkspaceKernel(mix.folder, engine=engine)
    mix.check(json.dumps([one.model_dump(mode="json") for one in kernel.versions.conflicts()]).encode())
    kernel.put_panel("last", '<panel id="last"/>', Actor(id="ann"))
    kernel.close()
    assert len(mix.words) >= KILLS
