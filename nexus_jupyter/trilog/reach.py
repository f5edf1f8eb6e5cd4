"""What the history's process may reach: its own files, the journal, and the servers that it was told of."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from nexus_jupyter.processes import Confinement

__all__ = ["reach", "variables"]

_PORTS = {"http": 8123, "https": 8443}
_POSTGRES_PORT = 5432
#: Files that the drivers of PostgreSQL read in the home of a person, and options that name others.
_POSTGRES_HOME = (".pgpass", ".postgresql", ".pg_service.conf")
_POSTGRES_VARIABLES = (
    "PGPASSFILE", "PGPASSWORD", "PGSERVICE", "PGSERVICEFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY",
    "PGUSER", "PGHOST", "PGPORT", "PGSYSCONFDIR",
)  # fmt: skip
_SERVER_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_FILES = ("ca_cert", "client_cert", "client_cert_key")
_POSTGRES_FILES = ("sslrootcert", "sslcert", "sslkey", "passfile")


def reach(journal: str, folder: Path, spool: Path, server: str) -> Confinement:
    """Return what the process needs.

    Parameters
    ----------
    journal, server
        URLs of the journal's database and of a ClickHouse server; the latter is empty for the embedded database.
    folder, spool
        Where the embedded database and the spool lie.
    """
    read: list[str] = []
    write = [str(folder), str(spool)]
    ports: list[int] = []
    try:
        url = make_url(journal)
    except (ArgumentError, ValueError):
        url = None  # the process says itself what is wrong with it
    if url is not None and url.get_backend_name() == "sqlite":
        # SQLite makes files beside the journal while it reads, so it is the folder that is needed.
        write.append(str(Path(url.database or "").absolute().parent))
    elif url is not None:
        ports.append(url.port or int(os.environ.get("PGPORT") or _POSTGRES_PORT))
        read += [str(Path.home() / name) for name in _POSTGRES_HOME]
        read += [str(url.query[name]) for name in _POSTGRES_FILES if name in url.query]
        read += ["/etc/postgresql-common", *_named(_POSTGRES_VARIABLES)]
        if not url.username:
            read.append("/etc/passwd")  # the driver then asks the system for this account's name
    if server:
        parts = urlsplit(server)
        ports.append(parts.port or _PORTS.get(parts.scheme, _PORTS["https"]))
        options = dict(parse_qsl(parts.query))
        read += [options[name] for name in _FILES if name in options] + _named(_SERVER_VARIABLES)
    return Confinement(read=tuple(read), write=tuple(write), ports=tuple(ports))


def variables(journal: str, server: str) -> dict[str, str]:
    """Return the variables of this process's environment that the history's process needs, too."""
    names: list[str] = [*(_SERVER_VARIABLES if server else ())]
    if not journal.startswith("sqlite"):
        names += _POSTGRES_VARIABLES
    found = {name: os.environ[name] for name in names if name in os.environ}
    passwords = Path.home() / ".pgpass"
    if not journal.startswith("sqlite") and passwords.is_file():
        found.setdefault("PGPASSFILE", str(passwords))
    return found


def _named(names: tuple[str, ...]) -> list[str]:
    return [path for name in names if (path := os.environ.get(name, "")).startswith("/")]
