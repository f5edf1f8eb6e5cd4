"""One way to run git: fixed arguments, and nothing that a repository brings with it decides what is run.

A repository may come from anybody. Its hooks, monitors, filters, text converters, aliases, credential helpers and URL
rewriting are programs that git would start. So only commands are used that read and write objects, references and the
index; what could start a program is switched off for those; and what talks to another repository runs in an empty
repository of our own (see `remotes`), where the workspace's configuration is not read at all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from nexus_jupyter.processes import Answer, answer
from nexus_jupyter.protocol.errors import HistoryError, UnavailableError
from nexus_jupyter.storage.private import entries, special

__all__ = ["NO_PROGRAMS", "Git", "GitRefusal", "git_path", "open_repository"]

#: Switches off whatever configuration could make git run.
NO_PROGRAMS = (
    "-c", f"core.hooksPath={os.devnull}",
    "-c", "core.fsmonitor=false",
    "-c", "core.alternateRefsCommand=",
    "-c", "core.untrackedCache=false",
    "-c", "core.splitIndex=false",
    "-c", "commit.gpgSign=false",
    "-c", "log.showSignature=false",
    "-c", "log.mailmap=false",
    "-c", "color.ui=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "core.quotePath=false",
    "-c", "submodule.recurse=false",
    "-c", "fetch.recurseSubmodules=false",
    "-c", "push.recurseSubmodules=no",
    "-c", "safe.bareRepository=explicit",
    "-c", "core.protectNTFS=true",
    "-c", "core.protectHFS=true",
)  # fmt: skip
_NO_PROTOCOL = ("-c", "protocol.allow=never")
#: No question can be answered here, and what this process inherited leads git nowhere else.
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_CONFIG_COUNT": "0",
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    "GIT_NAMESPACE": "",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
#: Where a person's own list of ignored files is.
_HOME = ("HOME", "XDG_CONFIG_HOME", "USERPROFILE")
#: What a person has set up for reaching other repositories: keys, helpers, proxies, certificates.
_OF_PERSONS = (
    *_HOME, "USER", "LOGNAME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK", "SSH_AGENT_PID",
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip


class Git:
    """Runs git in one repository.

    Parameters
    ----------
    folder
        Where git is run.
    environment
        Variables that say which repository is meant.
    protocols
        Protocols that may be spoken to other repositories; none when left out.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], protocols: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._environment = {**_ENVIRONMENT, **environment}
        allowed = [f"protocol.{protocol}.allow=always" for protocol in protocols]
        self._options = [*NO_PROGRAMS, *_NO_PROTOCOL, *(part for one in allowed for part in ("-c", one))]
        self._inherited = _OF_PERSONS if protocols else _HOME

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        timeout: float | None = None,
        fine: Collection[int] = frozenset({0}),
        variables: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run a command and return what it wrote.

        Parameters
        ----------
        args
            The command and its arguments.
        stdin
            What it reads.
        timeout
            Seconds that it may take.
        fine
            The exit codes of a command that did what was asked.
        variables
            Variables of its environment that are others than usual.

        Raises
        ------
        HistoryError
            If git refuses; the message is git's own last line.
        """
        try:
            done = answer(
                [git_path(), *self._options, *args],
                folder=self._folder,
                stdin=stdin,
                seconds=timeout,
                inherited=self._inherited,
                variables={**self._environment, **(variables or {})},
            )
        except OSError as error:
            raise HistoryError(f"Git could not do this: {error}.") from error
        if done.code not in fine:
            raise _refusal(done)
        return done.output

    def text(self, *args: str, stdin: bytes = b"") -> str:
        """Run a command and return what it wrote as text, without the last line's end."""
        return self.run(*args, stdin=stdin).decode("utf-8", "surrogateescape").rstrip("\n")


class GitRefusal(HistoryError):
    """Git refused; ``output`` is what it wrote before."""

    output = ""


def _refusal(done: Answer) -> GitRefusal:
    said = done.said.decode("utf-8", "replace").strip()
    lines = [line for line in said.splitlines() if line.strip()]
    if "index.lock" in said or ".lock'" in said:
        where = "index.lock" if "index.lock" in said else "lock that git names"
        error = GitRefusal(
            f"Git could not do this: {lines[0]}.",
            hint=f"Wait for the other git process, or remove the file {where} in .git if none runs.",
        )
    else:
        error = GitRefusal(f"Git could not do this: {lines[-1] if lines else f'exit code {done.code}'}.")
    error.output = done.output.decode("utf-8", "replace")
    return error


def open_repository(root: Path) -> Git | None:
    """Return git for the repository that a folder is the root of; ``None`` when there is none.

    Raises
    ------
    HistoryError
        If the repository's parts lie elsewhere (git would write there), or it is none.
    """
    folder = root / ".git"
    if not folder.exists() and not folder.is_symlink():
        return None
    refuse_elsewhere(folder)
    if not (folder / "HEAD").is_file():
        raise HistoryError(
            f"{folder} is no git repository: it has no file HEAD.",
            hint="Remove it if nothing in it is needed; the workspace makes a new one with the next version.",
        )
    return Git(root, repository_environment(root))


def repository_environment(root: Path) -> dict[str, str]:
    """Return the variables that make git use a folder's own repository, whatever its configuration says."""
    folder = root / ".git"
    return {
        "GIT_DIR": str(folder),
        "GIT_COMMON_DIR": str(folder),
        "GIT_WORK_TREE": str(root),
        "GIT_INDEX_FILE": str(folder / "index"),
        "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


#: Folders of a repository that git only reads, where people keep links.
_UNWRITTEN = frozenset(["branches", "hooks", "info"])


def refuse_elsewhere(folder: Path) -> None:
    """Refuse a repository that is not wholly inside its folder."""
    if folder.is_symlink() or not folder.is_dir():
        raise HistoryError(
            f"{folder} is no folder but leads elsewhere, and the workspace keeps its versions in its own folder.",
            hint="Clone the repository with git, and open the clone.",
        )
    for part, entry in entries(folder):
        if part == "commondir" or (entry.is_symlink() and part.partition("/")[0] not in _UNWRITTEN):
            raise HistoryError(
                f"{entry.path} is a link or leads elsewhere, and the workspace does not write through links.",
                hint="Clone the repository with git, and open the clone.",
            )
        if special(entry):
            raise HistoryError(
                f"{entry.path} is neither a file nor a folder, and git would wait for it.",
                hint="Clone the repository with git, and open the clone.",
            )


def git_path() -> str:
    """Return where git is.

    Raises
    ------
    UnavailableError
        If it is not installed.
    """
    path = shutil.which("git")
    if path is None:
        raise UnavailableError(
            "Versions need git, which is not installed.",
            hint="Install it (for example: apt-get install git) and try again; everything else works without.",
        )
    return str(Path(path).absolute())
