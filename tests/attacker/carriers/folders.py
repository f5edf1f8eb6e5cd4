"""Folders that somebody else made: with a private folder, links, hooks and odd names; opened by a program and a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.attacker.attack import Attack, Deck
from tests.attacker.ledger import Answer, Sent
from tests.attacker.people import OWNER, PEOPLE
from tests.attacker.server import Server
from tests.attacker.values import Maker

__all__ = ["Folders"]

#: Private files that the workspace writes itself, which somebody may have made links of.
_PRIVATE = (
    "remotes.json",
    "alert-rule.json",
    "adoption.json",
    "owner",
    "quotas.json",
    "seal.json",
    "identity.json",
    ".gitignore",
    "journal.db",
    "lock",
)


class Folders:
    """Makes hostile folders out of two workspaces, of this account and of another one, and opens them."""

    def __init__(self, attack: Attack, worker: int = 0) -> None:
        self._attack = attack
        self._chance = attack.chance(f"folders {worker}")
        self._maker = Maker(self._chance, attack.world)
        self.types = {"foreign", "own", "opened by a server"}
        self._deck = Deck(self._chance, ["foreign", "foreign", "foreign", "own", "own"])
        self._program: subprocess.Popen[str] | None = None
        self._number = 0
        self._changes: list[Callable[[Path], object]] = [
            self._link_private, self._link_private, self._link_files, self._link_panels, self._hooks, self._config, self._garbage, self._bytes,
            self._names, self._pipe, self._identity, self._whole_link, self._git_file, self._attributes,
        ]  # fmt: skip

    def step(self) -> None:
        """Make a folder and open it."""
        kind = self._deck.next()
        folder = self._made(kind)
        if self._number == 3 or self._chance.random() < 0.03:
            self._serve(folder)
            return
        links = [
            [f".nexus/{name}", self._maker.chance.choice(self._maker.world.files)]
            for name in self._chance.sample(_PRIVATE[:3], 2)
        ]
        sent = self._attack.ledger.send(Sent("folders", kind, OWNER, None, folder.name + " " + json.dumps(self._did)))
        done = self._ask(
            self._opener(),
            {"open": str(folder), "links": links, "steps": [self._chance.randrange(100) for _ in range(3)]},
        )
        answer = Answer(
            False,
            "refused" if "refused" in done else "raised" if "raised" in done else "opened",
            json.dumps(done).encode(),
        )
        self._attack.ledger.answer(sent, answer)
        self._judge(kind, done, sent)
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """End the program."""
        if self._program is not None and self._program.stdin is not None:
            with suppress(OSError):
                self._program.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._program.wait(20)
            self._program.kill()
            self._program.wait()

    def _judge(self, kind: str, done: dict[str, Any], sent: Sent) -> None:
        found = self._attack.ledger.found
        if "raised" in done:
            found(
                "answers",
                f"Opening a folder raised what is no refusal: {done['raised']}",
                sent,
                kind=f"raised {done['raised'][:60]}",
            )
        if kind == "foreign" and (done.get("grants") or done.get("remotes") or done.get("alerts")):
            words = {name: done.get(name) for name in ("grants", "remotes", "alerts")}
            found("rights", f"Rights of another account hold in its folder: {words}", sent, kind="adopted")

    def _serve(self, folder: Path) -> None:
        """Let a server of its own have the folder for its workspace."""
        sent = self._attack.ledger.send(
            Sent("folders", "opened by a server", OWNER, None, folder.name + " " + json.dumps(self._did))
        )
        server = Server(self._attack.place, folder, self._attack.plant, name=f"door-{self._number}")
        try:
            for path in (
                "workspaces",
                "panels",
                "grants",
                "workspace/adoption",
                "workspace/remote",
                "trilog/alerts",
                "workspace/log",
                "panels/one/html",
            ):
                said = server.ask("GET", path)
                self._attack.ledger.answer(sent, Answer(False, "told", json.dumps(said, default=repr).encode()))
                if path == "grants" and isinstance(said, list) and said and not self._own:
                    self._attack.ledger.found(
                        "rights", f"Grants of another account hold: {said}", sent, kind="adopted by a server"
                    )
            for person in PEOPLE[-2:]:
                said = server.ask("POST", "panels/one/run/write", {"args": []}, person)
                self._attack.ledger.answer(sent, Answer(False, "told", json.dumps(said, default=repr).encode()))
        finally:
            server.stop()
        if "Traceback" in server.log.read_text(errors="replace"):
            text = server.log.read_text(errors="replace")
            self._attack.ledger.found(
                "answers",
                f"A server with the folder logged: {text[text.index('Traceback') :][:2000]}",
                sent,
                kind="door",
            )

    # The folders

    def _made(self, kind: str) -> Path:
        self._number += 1
        self._own = kind == "own"
        folder = self._attack.place.folders / f"w{self._number}"
        shutil.copytree(self._template(kind), folder, symlinks=True)
        if kind == "foreign" and self._chance.random() < 0.3:
            shutil.rmtree(folder / ".git", ignore_errors=True)
        self._did = []
        chosen = self._chance.sample(self._changes, self._chance.randint(0, 3))
        # Pipes and links come last, and that of the whole folder at the end: who writes to a pipe waits for a reader,
        # and what is written through a link would be the attacker's own doing elsewhere.
        last = [self._pipe, self._link_private, self._link_files, self._link_panels, self._whole_link]
        for change in sorted(chosen, key=lambda change: last.index(change) if change in last else -1):
            self._did.append(change.__name__)
            with suppress(OSError):
                change(folder)
        return folder

    def _template(self, kind: str) -> Path:
        template = self._attack.place.folders / f"template-{kind}"
        if not template.exists():
            origin = f"http://127.0.0.1:{self._maker.world.canary}"
            extra = {} if kind == "own" else {"XDG_DATA_HOME": str(self._attack.place.folders / "another-account")}
            program = self._start(extra, plant="")
            done = self._ask(program, {"make": str(template), "origin": origin})
            assert "raised" not in done, done
            program.stdin.close()  # type: ignore[union-attr]
            program.wait(60)
        return template

    def _secret(self) -> str:
        return self._chance.choice(self._maker.world.files)

    def _link(self, file: Path, target: str) -> None:
        if file.parent.is_symlink():
            return  # another change made a link of the folder: this would be the attacker's own doing outside
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)

    def _link_private(self, folder: Path) -> None:
        self._link(
            folder / ".nexus" / self._chance.choice([*_PRIVATE, "frames", "trilog", "trilog-spool"]), self._secret()
        )

    def _link_files(self, folder: Path) -> None:
        self._link(folder / "files" / self._chance.choice(["link.txt", "data.csv", "witness.txt"]), self._secret())
        if self._chance.random() < 0.3:
            self._link(folder / "files", str(self._attack.place.home))

    def _link_panels(self, folder: Path) -> None:
        self._link(
            folder
            / self._chance.choice(
                [
                    "panels/one.nxml",
                    "panels/three.nxml",
                    "nog/one.json",
                    "panels",
                    "nog",
                    ".gitignore",
                    ".gitattributes",
                ]
            ),
            self._secret(),
        )

    def _hooks(self, folder: Path) -> None:
        for name in (
            "pre-commit",
            "post-commit",
            "post-checkout",
            "reference-transaction",
            "post-index-change",
            "fsmonitor-watchman",
        ):
            hook = folder / ".git" / "hooks" / name
            hook.parent.mkdir(parents=True, exist_ok=True)
            hook.write_text(f"#!/bin/sh\necho attacked >> '{self._secret()}'\n")
            hook.chmod(0o755)

    def _config(self, folder: Path) -> None:
        program = folder / "attack.sh"
        program.write_text(f"#!/bin/sh\necho attacked >> '{self._secret()}'\n")
        program.chmod(0o755)
        with (folder / ".git" / "config").open("a") as config:
            config.write(f'\n[core]\n\tfsmonitor = {program}\n\thooksPath = {folder}\n\tsshCommand = {program}\n\tpager = {program}\n\teditor = {program}\n\tworktree = {self._attack.place.home}\n'
                         f'[filter "x"]\n\tclean = {program}\n\tsmudge = {program}\n\trequired = true\n[diff "x"]\n\ttextconv = {program}\n[gpg]\n\tprogram = {program}\n[commit]\n\tgpgSign = true\n'
                         f'[remote "origin"]\n\turl = ext::{program}\n\tuploadpack = {program}\n[alias]\n\tlog = !{program}\n[include]\n\tpath = {self._secret()}\n')  # fmt: skip

    def _attributes(self, folder: Path) -> None:
        (folder / ".gitattributes").write_text(
            "* filter=x diff=x merge=x ident export-subst working-tree-encoding=UTF-16\n"
        )
        self._config(folder)

    def _garbage(self, folder: Path) -> None:
        name = self._chance.choice(
            [
                "nog/one.json",
                "panels/one.nxml",
                ".nexus/identity.json",
                ".nexus/remotes.json",
                ".nexus/adoption.json",
                ".nexus/seal.json",
                ".nexus/alert-rule.json",
                ".git/HEAD",
                ".git/index",
            ]
        )
        data = self._chance.choice(
            [
                b"",
                b"{",
                b"\xff\xfe",
                b"[" * 100_000,
                self._chance.randbytes(500),
                self._maker.text().encode("utf-8", "replace"),
                b'{"id": {}, "key": []}',
            ]
        )
        (folder / name).write_bytes(data)

    def _bytes(self, folder: Path) -> None:
        for name in (".nexus/journal.db", ".nexus/runs.db"):
            data = bytearray((folder / name).read_bytes())
            for _ in range(self._chance.choice([1, 20, 500])):
                data[self._chance.randrange(len(data))] = self._chance.randrange(256)
            (folder / name).write_bytes(data)

    def _names(self, folder: Path) -> None:
        for name in self._chance.sample(["panels/a\nb.nxml", "panels/-rf.nxml", "panels/.hidden.nxml", "nog/..json", "files/\u202etxt.exe", "files/con", "files/.git", "panels/é" * 1 + ".nxml",
                                         "panels/__proto__.nxml", "panels/" + "x" * 200 + ".nxml", "files/--upload-pack=x"], 3):  # fmt: skip
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(self._maker.text(), encoding="utf-8", errors="replace")

    def _pipe(self, folder: Path) -> None:
        file = folder / self._chance.choice(
            [
                "panels/three.nxml",
                "files/link.txt",
                ".nexus/adoption.json",
                ".nexus/identity.json",
                ".gitignore",
                "nog/two.json",
                ".nexus/lock",
                ".nexus/journal.db-wal",
            ]
        )
        file.unlink(missing_ok=True)
        os.mkfifo(file)

    def _identity(self, folder: Path) -> None:
        file = folder / ".nexus" / "identity.json"
        try:
            held = json.loads(file.read_text())
        except ValueError:
            return  # garbage of another change
        held[self._chance.choice(list(held))] = self._chance.choice(
            ["", "0" * 64, 5, None, ["x"], "../..", "x" * 100_000]
        )
        file.write_text(json.dumps(held))

    def _whole_link(self, folder: Path) -> None:
        self._link(folder / ".nexus", str(self._chance.choice([self._attack.place.home, self._attack.place.runtime])))

    def _git_file(self, folder: Path) -> None:
        shutil.rmtree(folder / ".git", ignore_errors=True)
        (folder / ".git").write_text(
            f"gitdir: {self._chance.choice([str(self._attack.place.remote), '/nowhere', self._secret()])}\n"
        )

    # The program

    def _opener(self) -> subprocess.Popen[str]:
        if self._program is None or self._program.poll() is not None:
            self._program = self._start({}, self._attack.plant)
        return self._program

    def _start(self, extra: dict[str, str], plant: str) -> subprocess.Popen[str]:
        with (self._attack.place.harness / "opener.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.attacker.opener"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**self._attack.place.environment(), "ATTACK_PLANT": plant, **extra}, cwd=self._attack.place.harness,
            )  # fmt: skip

    def _ask(self, program: subprocess.Popen[str], asked: dict[str, Any]) -> dict[str, Any]:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(json.dumps(asked) + "\n")
        program.stdin.flush()
        line = program.stdout.readline()
        if not line:
            program.wait(60)
            log = (self._attack.place.harness / "opener.log").read_text(errors="replace")
            return {"raised": f"the process ended with the code {program.returncode}: {log[-1500:]}"}
        found: dict[str, Any] = json.loads(line)
        return found
