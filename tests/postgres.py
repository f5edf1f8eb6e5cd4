"""A PostgreSQL server of the tests' own: Debian's binaries, a temporary folder, loopback, as the user postgres."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

PASSWORD = "s3cret/of:tests@"
QUOTED = "s3cret%2Fof%3Atests%40"


def binaries() -> Path | None:
    """The newest installed version's folder of programs."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "postgres").exists()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


class Cluster:
    """A running server; `kill` and `start` break it and bring it back with its data."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="nexus-pg-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._as_postgres = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_postgres = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        command = [programs / "initdb", "-D", self.data, "-U", "nexus", "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._as_postgres)
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://nexus:{QUOTED}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def run(self, statement: str, url: str | None = None) -> list[tuple[object, ...]]:
        """Run a statement as an administrator would, and return its rows."""
        engine = create_engine(
            (url or self.url()).replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
        )
        try:
            with engine.connect() as connection:
                result = connection.execute(text(statement))
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()

    def start(self) -> None:
        options = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": str(self.folder)}
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [self._programs / "postgres", "-D", self.data, *flags],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **self._as_postgres,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.run("SELECT 1")
            except OperationalError:
                assert time.monotonic() < deadline, "PostgreSQL did not start"
                time.sleep(0.02)  # polling another process's start
            else:
                return

    def kill(self) -> None:
        """Kill -9 the postmaster; its children notice and go."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        deadline = time.monotonic() + 30
        while self._children():
            assert time.monotonic() < deadline
            time.sleep(0.01)  # polling other processes' end; a new server refuses to start before

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def remove(self) -> None:
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _children(self) -> bool:
        """Whether processes of this server are left: they share its memory, which has the folder's id."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return False
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "cwd").readlink() == self.data:
                    return True
            except OSError:
                continue
        return False


def cluster() -> Cluster:
    """Start a server, or skip the test where there is none to start."""
    programs = binaries()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL's programs are missing; install the package postgresql.")
        pytest.skip("PostgreSQL is not installed here")
    return Cluster(programs)
