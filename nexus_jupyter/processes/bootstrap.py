"""What a child does first: it bounds and confines itself, and then becomes the module that was asked for."""

from __future__ import annotations

import importlib
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

from nexus_jupyter.processes.confinement import Confinement, Layers, confine

__all__ = ["begin", "layers", "with_own"]

#: What an interpreter and its libraries read of the system. Of other processes nothing: not all of /proc.
_SYSTEM = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/timezone", "/dev/null", "/dev/urandom", "/dev/random",
    "/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/mounts",
    "/proc/filesystems", "/proc/sys", "/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm",
)  # fmt: skip
#: What connecting to a name needs: how names are found, and which certificates are believed.
_NETWORK = (
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services",
    "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates", "/run/systemd/resolve",
)  # fmt: skip
_held = Layers()


def layers() -> Layers:
    """Return what holds this process."""
    return _held


def begin(orders: dict[str, Any]) -> None:  # Any: JSON
    """Bound and confine this process, and call the module's ``main``."""
    global _held  # noqa: PLW0603 - set once, before anything else runs
    _bound(orders["limits"])
    if "confinement" in orders:
        _held = confine(with_own(Confinement(**{name: tuple(some) for name, some in orders["confinement"].items()})))
    importlib.import_module(orders["module"]).main()


def _bound(limits: dict[str, int | None]) -> None:
    try:
        import resource
    except ImportError:
        return  # Windows has no such limits
    kinds = {"memory": resource.RLIMIT_AS, "seconds": resource.RLIMIT_CPU, "files": resource.RLIMIT_NOFILE}
    wanted = {kinds[name]: most for name, most in limits.items() if most is not None}
    # A core file would hold what is in memory, rows and passwords among it.
    for kind, most in {resource.RLIMIT_CORE: 0, **wanted}.items():
        hard = resource.getrlimit(kind)[1]
        bounded = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bounded, bounded))


def with_own(wanted: Confinement) -> Confinement:
    """Add the interpreter, its packages, what they read of the system, and the folder that this process has."""
    packages = [str(_narrowed(Path(path))) for path in sys.path if Path(path).is_dir()]
    interpreter = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()]
    read = [*wanted.read, *interpreter, *packages, *_SYSTEM, *(_NETWORK if wanted.ports else ())]
    return replace(wanted, read=tuple(dict.fromkeys(read)), write=(*wanted.write, str(Path.cwd())))


def _narrowed(path: Path) -> Path:
    """Return what is read of a folder of packages: of a source checkout only the package, not what lies beside it."""
    package = Path(__file__).parent.parent
    return package if path == package.parent and path.name not in {"site-packages", "dist-packages"} else path
