"""``kernel.adoption``: what was taken from a folder that somebody else made, and the rights that it brought.

The private folder was set aside before this (`WorkspaceFolder`). What lies in ``panels/`` and ``nog/`` is taken as
content, through the same checks as a version that is checked out; nothing runs because of it. Grants, confirmed
remotes and alerts are listed, as data that is not trusted, and a person may allow each.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexus_jupyter.history import FILES, in_panels, owned
from nexus_jupyter.processes import run
from nexus_jupyter.protocol.adoption import Adoption, LeftOut
from nexus_jupyter.protocol.alerts import AlertRule
from nexus_jupyter.protocol.base import well_formed
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, StorageError
from nexus_jupyter.protocol.identity import SYSTEM, Actor
from nexus_jupyter.protocol.patch import Cause
from nexus_jupyter.storage import foreign
from nexus_jupyter.storage.private import check_own, read, replace
from nexus_jupyter.workspace.seal import RIGHTS, sealed
from nexus_jupyter.workspace.versions import checkout_ops, panel_of
from nexus_jupyter.workspace.writer import Draft

if TYPE_CHECKING:
    from nexus_jupyter.workspace.folder import WorkspaceFolder
    from nexus_jupyter.workspace.kernel import WorkspaceKernel
    from nexus_jupyter.workspace.store import WorkspaceStore

__all__ = ["FROM_FILES", "Adoptions", "withdrawn"]

_LOG = logging.getLogger(__name__)
#: Who is named for panels that were taken from the folder's files.
FROM_FILES = Actor(id="file", name="file", kind="system")
_WITHDRAWN = (
    "The private folder of %s was copied or brought back, and its rights are not those that it was closed with: %d "
    "were withdrawn. ws.adoption lists them and allows each."
)
_SET_ASIDE = (
    "The private folder of %s was made by another account or on another machine. It was set aside as %s; panels and "
    "files were taken. Rights that were left out: %d. If it is your own: nexus trust %s"
)
#: Bytes of a file that is taken, and of one that tells of rights; seconds for the process that reads a database.
_MOST, _MOST_TOLD, _PATIENCE = 4 << 20, 65_536, 20.0


class Adoptions:
    """What a workspace took from elsewhere.

    Parameters
    ----------
    kernel
        The workspace, opened but for this.
    left
        Rights of a folder of one's own that were withdrawn, from `withdrawn`.
    """

    def __init__(self, kernel: WorkspaceKernel, left: list[LeftOut]) -> None:
        self._kernel = kernel
        self._file = kernel.folder.private / "adoption.json"
        if left:
            kept = self.state() or Adoption(at=datetime.now(UTC).isoformat(), aside="")
            replace(self._file, kept.model_copy(update={"left": left}).model_dump_json())
            _LOG.warning(_WITHDRAWN, kernel.folder.root, len(left))
        if kernel.folder.new:
            aside = kernel.folder.foreign
            if aside is not None:
                # Before anything is taken: who is interrupted meanwhile is told all the same where it came from.
                self._note(aside, Adoption(at=datetime.now(UTC).isoformat(), aside=""))
            taken = self._take()
            if aside is not None:
                rights = self._note(aside, taken)
                _LOG.warning(_SET_ASIDE, kernel.folder.root, aside.name, rights, kernel.folder.root)

    @property
    def foreign(self) -> bool:
        """Whether something in the folder came from elsewhere."""
        return self._file.exists()

    def state(self) -> Adoption | None:
        """Return what was taken and what was left out; ``None`` when nothing in the folder came from elsewhere."""
        try:
            return Adoption.model_validate_json(read(self._file))
        except (StorageError, OSError, ValueError):
            return None

    def allow(self, number: int, actor: Actor) -> Adoption:
        """Let something that was left out hold from now on, as if the actor had allowed it without the folder.

        Raises
        ------
        NotFoundError
            If nothing of that number was left out.
        NexusError
            If it cannot be allowed: the panel is not there, the capability or the address is refused.
        """
        state = self.state()
        chosen = next((one for one in state.left if one.number == number), None) if state is not None else None
        if state is None or chosen is None:
            raise NotFoundError(f"Nothing with the number {number} was left out.", hint="ws.adoption lists what was.")
        if chosen.kind == "grant":
            self._kernel.permissions.grant(chosen.panel or "", chosen.cap or "", chosen.target, actor)
        elif chosen.kind == "remote":
            self._kernel.versions.remote(chosen.name or "", chosen.url or "")
        elif chosen.rule is not None:
            self._kernel.alerts.watch(chosen.rule)
        left = [one.model_copy(update={"allowed": True}) if one is chosen else one for one in state.left]
        state = state.model_copy(update={"left": left})
        replace(self._file, state.model_dump_json())
        return state

    def _take(self) -> Adoption:
        """Make panels of the folder's files that the journal does not have, as one change."""
        files, refused = self._files()
        kernel = self._kernel
        good: dict[str, bytes] = {}
        for name in sorted({panel_of(path) for path in files}):
            own = {path: data for path, data in files.items() if panel_of(path) == name}
            try:
                checkout_ops(type(kernel.head.graph)(), own, kernel.reactor)
            except NexusError as error:
                refused.append(error.message)
            else:
                good |= own
        if good:
            try:
                self._load(good)
            except NexusError as error:
                refused.append(error.message)
                good = {}
        for sentence in refused:
            _LOG.warning("%s: %s", kernel.folder.root, sentence)
        panels = sum(path.startswith("panels/") for path in good)
        return Adoption(
            at=datetime.now(UTC).isoformat(),
            aside="",
            panels=panels,
            graph=len(good) - panels,
            files=self._count(),
            refused=refused,
        )

    def _load(self, files: Mapping[str, bytes]) -> None:
        kernel = self._kernel
        # What a clone's commits have and the folder lacks stays as `Versioning.adopt` took it.
        whole = {**kernel.versions.files(kernel.head.graph), **files}
        cause = Cause(kind="checkout", via="system")
        kernel.writer.submit(lambda graph: Draft(checkout_ops(graph, whole, kernel.reactor), FROM_FILES, cause))

    def _files(self) -> tuple[dict[str, bytes], list[str]]:
        tree, found, refused = self._kernel.versions.store.tree, dict[str, bytes](), list[str]()
        for folder in ("panels", "nog"):
            try:
                for one in tree.walk(folder):
                    if one.stat is None or not owned(one.path) or not in_panels(one.path):
                        continue
                    if one.stat.st_size > _MOST:
                        refused.append(f"The file {one.path} is too large for a panel.")
                    elif (data := tree.read(one.path)) is not None:
                        found[one.path] = data
            except NexusError as error:
                refused.append(error.message)
        return found, refused

    def _count(self) -> int:
        try:
            return sum(one.stat is not None for one in self._kernel.versions.store.tree.walk(FILES))
        except NexusError:
            return 0

    def _note(self, aside: Path, taken: Adoption) -> int:
        """Write down what was taken of a folder and what was left out; return how many rights that were."""
        rights = () if aside.is_symlink() else (*_grants(aside / "journal.db"), *_told(aside))
        left = _numbered(rights)
        noted = taken.model_copy(update={"aside": aside.name, "left": left})
        replace(self._file, noted.model_dump_json())
        return len(left)


def withdrawn(folder: WorkspaceFolder, store: WorkspaceStore) -> list[LeftOut]:
    """Withdraw the rights in a private folder that was copied or brought back with others than it was closed with.

    To be called before anything acts on them; returns what was withdrawn.
    """
    if not folder.arrived:
        return []
    # Grants on a database server were never in anybody else's hands.
    grants = [grant for grant in store.grants.all() if grant.revoked_at is None and store.in_folder]
    found = _numbered((*(_granted(one.panel, one.cap, one.target) for one in grants), *_told(folder.private)))
    if not found or sealed(folder, store):
        return []
    for name in RIGHTS:
        (folder.private / name).unlink(missing_ok=True)
    for panel in sorted({grant.panel for grant in grants}):
        store.grants.revoke(panel, None, None, SYSTEM.id)
    return found


def _numbered(rights: Iterable[dict[str, Any]]) -> list[LeftOut]:  # Any: fields of several types
    def shown(one: object) -> object:
        return well_formed(one) if isinstance(one, str) else one

    told: list[dict[str, Any]] = [
        {name: shown(one) for name, one in right.items()} for right in rights
    ]  # Any: as above
    return [LeftOut(number=number, **one) for number, one in enumerate(told, 1)]


def _told(private: Path) -> Iterator[dict[str, Any]]:  # Any: as above
    yield from _remotes(private)
    yield from _alerts(private)


def _granted(panel: object, cap: object, target: object) -> dict[str, Any]:  # Any: as above
    text = f"The panel '{_short(panel)}' may use {_short(cap)}" + (f" for {_short(target)}." if target else ".")
    return {"kind": "grant", "panel": str(panel), "cap": str(cap), "target": target, "text": text}


def _grants(database: Path) -> Iterator[dict[str, Any]]:  # Any: fields of several types
    try:
        check_own(database)
        if not database.is_file():
            return
        said = run([sys.executable, "-I", foreign.__file__, str(database)], seconds=_PATIENCE)
        rows = json.loads(said.output)
    except (NexusError, OSError, ValueError) as error:
        _LOG.warning("The grants in %s cannot be read: %s", database, error)
        return
    for panel, cap, target in rows:
        yield _granted(panel, cap, target)


def _remotes(aside: Path) -> Iterator[dict[str, Any]]:  # Any: as above
    found = _json(aside / "remotes.json")
    for name, url in list(found.items())[: foreign.MOST] if isinstance(found, dict) else []:
        text = f"Versions are pushed to and pulled from '{_short(name)}', {_short(url)}."
        yield {"kind": "remote", "name": str(name), "url": str(url), "text": text}


def _alerts(aside: Path) -> Iterator[dict[str, Any]]:  # Any: as above
    found = _json(aside / "alert-rule.json")
    try:
        rule = AlertRule.model_validate(found) if isinstance(found, dict) else AlertRule()
    except ValueError:
        return
    if rule.active or rule.webhooks:
        told = f", told to {', '.join(_short(url) for url in rule.webhooks)}" if rule.webhooks else ""
        yield {"kind": "alert", "rule": rule, "text": f"The workspace is watched for what is unusual{told}."}


def _json(file: Path) -> object:
    try:
        check_own(file)
        return json.loads(read(file, _MOST_TOLD))
    except (NexusError, OSError, ValueError, RecursionError):
        return None


def _short(value: object) -> str:
    text = "".join(char if char.isprintable() else " " for char in str(value))
    return text if len(text) <= 200 else f"{text[:197]}..."  # noqa: PLR2004 - fits a line or two
