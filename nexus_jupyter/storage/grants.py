"""What people have allowed panels to do.

Grants are rows of their own and not part of the graph: a checkout, an undo or a merge must not bring one back that
somebody has revoked.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from nexus_jupyter.protocol.capability import Capability, Grant
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.database import reading, reason
from nexus_jupyter.storage.schema import grants

__all__ = ["GrantStore"]


class GrantStore:
    """The grants of one workspace.

    Parameters
    ----------
    engine
        From `open_database`.
    workspace
        The workspace's name.
    guard
        Called in each transaction that writes; raises when the workspace is not this process's own any more.
    """

    def __init__(
        self, engine: Engine, workspace: str, guard: Callable[[Connection], None] = lambda _connection: None
    ) -> None:
        self._engine = engine
        self._guard = guard
        self._workspace = workspace
        self._lock = threading.Lock()
        self._listeners: list[Callable[[str], None]] = []
        query = select(grants).where(grants.c.workspace == workspace)
        with reading(engine) as connection:
            rows = connection.execute(query.order_by(grants.c.at)).all()
        self._grants = {
            row.id: Grant.model_validate({name: getattr(row, name) for name in Grant.model_fields if name != "stale"})
            for row in rows
        }

    def add(
        self,
        panel: str,
        cap: Capability,
        target: str | None,
        by: str,
        *,
        lasting: timedelta | None = None,
        code: tuple[str, str] = ("", ""),
    ) -> Grant:
        """Allow a panel something; a grant of the same that holds already is replaced.

        Parameters
        ----------
        panel, cap, target
            Who may do what, to what; without a target, to anything.
        by
            Who allows it.
        lasting
            For how long; until revoked when left out.
        code
            Digest and text of the code that is allowed it.

        Raises
        ------
        StorageError
            If it could not be saved; then it does not hold.
        """
        now = datetime.now(UTC)
        grant = Grant(
            id=uuid.uuid4().hex,
            panel=panel,
            cap=cap,
            target=target,
            granted_by=by,
            at=now.isoformat(),
            until=(now + lasting).isoformat() if lasting is not None else None,
            code=code[0],
        )
        self.revoke(panel, cap, target, by)
        row = {**grant.model_dump(exclude={"stale"}), "workspace": self._workspace, "code_text": code[1]}
        self._write(lambda connection: connection.execute(insert(grants), [row]))
        with self._lock:
            self._grants[grant.id] = grant
        self._tell(panel)
        return grant

    def revoke(self, panel: str, cap: Capability | None, target: str | None, by: str) -> int:
        """Take back what a panel was allowed; without a capability, all of it. Return how many grants that ended."""
        ended = [
            grant
            for grant in self.active(panel)
            if cap is None or (grant.cap == cap and (target is None or grant.target == target))
        ]
        if not ended:
            return 0
        noted = {"revoked_by": by, "revoked_at": datetime.now(UTC).isoformat()}
        # In memory first: what is revoked must not hold a moment longer, even if the disk is full.
        with self._lock:
            for grant in ended:
                self._grants[grant.id] = grant.model_copy(update=noted)
        ids = [grant.id for grant in ended]
        ending = update(grants).where(grants.c.id.in_(ids)).values(**noted)
        try:
            self._write(lambda connection: connection.execute(ending))
        finally:
            self._tell(panel)
        return len(ended)

    def rebind(self, ids: list[str], code: tuple[str, str]) -> None:
        """Let grants hold for other code; raises as `add`."""
        self._write(
            lambda connection: connection.execute(
                update(grants).where(grants.c.id.in_(ids)).values(code=code[0], code_text=code[1])
            )
        )
        with self._lock:
            for one in ids:
                self._grants[one] = self._grants[one].model_copy(update={"code": code[0]})

    def code_text(self, grant_id: str) -> str:
        """Return the code that a grant was given to."""
        with reading(self._engine) as connection:
            found = connection.execute(select(grants.c.code_text).where(grants.c.id == grant_id)).scalar()
        return str(found or "")

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant by its id."""
        return self._grants.get(grant_id)

    def panels(self) -> list[str]:
        """Return the panels that were ever allowed anything."""
        with self._lock:
            return sorted({grant.panel for grant in self._grants.values()})

    def tell(self, panel: str) -> None:
        """Tell listeners that a panel's grants, or what they are worth, have changed."""
        self._tell(panel)

    def active(self, panel: str) -> list[Grant]:
        """Return the grants of a panel that hold now."""
        with self._lock:
            return [grant for grant in self._grants.values() if grant.panel == panel and _holds(grant)]

    def valid(self, grant_id: str) -> bool:
        """Tell whether a grant holds now."""
        grant = self._grants.get(grant_id)
        return grant is not None and _holds(grant)

    def all(self) -> list[Grant]:
        """Return every grant there ever was, oldest first."""
        with self._lock:
            return list(self._grants.values())

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Be told the panel whenever its grants change; returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return stop

    def _tell(self, panel: str) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(panel)

    def _write(self, change: Callable[..., object]) -> None:
        try:
            with self._engine.begin() as connection:
                self._guard(connection)
                change(connection)
        except SQLAlchemyError as error:
            raise StorageError(
                f"The grant could not be saved: {reason(error)}.",
                hint="Check the disk's free space and that no other process uses the workspace.",
            ) from error


def _holds(grant: Grant) -> bool:
    if grant.revoked_at is not None:
        return False
    return grant.until is None or datetime.fromisoformat(grant.until) > datetime.now(UTC)
