"""The command line: ``nexus``."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import HandlerError, NexusError, RequestError

__all__ = ["main"]

#: What `argparse` adds commands to; it has no public name.
Commands = Any


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 for findings, 2 for mistakes in the call."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except HandlerError as error:
        where = f" (line {error.span.line}, column {error.span.col})" if error.span else ""
        print(f"{error}{where}", file=sys.stderr)
        return 1
    except NexusError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or 'The file'}: {error.strerror or error}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nexus", description="Live, sandboxed, versioned panels for Jupyter.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="open the examples in JupyterLab")
    demo.add_argument("--no-browser", action="store_true", help="print the URL and open nothing")
    demo.add_argument("--port", type=int, default=8888, help="port to try first (%(default)s)")
    demo.set_defaults(run=_demo)

    doctor = commands.add_parser("doctor", help="say what is installed and works, and what to do about the rest")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.add_argument("--dir", type=Path, default=Path(), help="where the workspace is, or will be")
    doctor.add_argument("--port", type=int, default=8888, help="port that JupyterLab shall use (%(default)s)")
    doctor.add_argument(
        "--verify", nargs="?", type=Path, const=Path(), metavar="DIR", help="check a journal, row by row"
    )
    doctor.add_argument("--repair", nargs="?", type=Path, const=Path(), metavar="DIR", help="mend a damaged journal")
    doctor.set_defaults(run=_doctor)

    trust = commands.add_parser("trust", help="take a workspace that you made elsewhere for your own, with its history")
    trust.add_argument("dir", nargs="?", type=Path, default=Path(), metavar="DIR", help="the workspace's folder (here)")
    trust.set_defaults(run=_trust)

    _add_file_commands(commands)
    _add_workspace_commands(commands)

    mcp = commands.add_parser("mcp", help="serve a workspace to an MCP client, over standard input and output")
    mcp.add_argument("dir", nargs="?", type=Path, default=Path(), metavar="DIR", help="the workspace's folder (here)")
    mcp.set_defaults(run=_mcp)

    ai = commands.add_parser("ai", help="recorded answers of language models").add_subparsers(
        required=True, metavar="COMMAND"
    )
    record = ai.add_parser("record", help="ask everything in a folder of recorded answers again, and keep the new ones")
    record.add_argument("folder", type=Path, metavar="FOLDER")
    record.set_defaults(run=_record)

    bench = commands.add_parser("bench", help="run benchmarks, each beside its peer")
    bench.add_argument("names", nargs="*", metavar="NAME", help="which ones; all when left out")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the numbers as JSON too")
    bench.add_argument("--events", type=int, metavar="N", help="events that the history has (trilog: a million)")
    bench.set_defaults(run=_bench)
    return parser


def _add_file_commands(commands: Commands) -> None:
    check = commands.add_parser("check", help="check NXML files; exit code 1 when one has errors")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)

    fmt = commands.add_parser("fmt", help="print NXML files canonically")
    fmt.add_argument("files", nargs="+", type=Path, metavar="FILE")
    fmt.add_argument("--check", action="store_true", help="change nothing; exit code 1 when a file would change")
    fmt.set_defaults(run=_fmt)

    merge_file = commands.add_parser("merge-file", help="merge three versions of a panel's file, as git's merge driver")
    for name in ("base", "ours", "theirs"):
        merge_file.add_argument(name, type=Path, metavar=name.upper())
    merge_file.add_argument("path", metavar="PATH", help="where the file lies in the repository")
    merge_file.set_defaults(run=_merge_file)


def _add_workspace_commands(commands: Commands) -> None:
    init = commands.add_parser("init", help="make a workspace folder")
    init.add_argument("dir", nargs="?", type=Path, default=Path("nexus-workspace"), metavar="DIR")
    init.set_defaults(run=_init)

    run = commands.add_parser("run", help="run an action of a panel")
    run.add_argument("dir", type=Path, metavar="DIR")
    run.add_argument("panel", metavar="PANEL")
    run.add_argument("action", metavar="ACTION")
    run.add_argument("args", nargs="*", metavar="NAME=VALUE", help="arguments; a value is JSON, or else text")
    run.add_argument("--json", action="store_true", help="print JSON")
    run.set_defaults(run=_run)

    export = commands.add_parser(
        "export", help="write panels as a page that lives on by itself, the object graph, or the journal"
    )
    export.add_argument("dir", type=Path, metavar="DIR")
    form = export.add_mutually_exclusive_group(required=True)
    form.add_argument("--html", action="store_true", help="the panels, as a page for browsers")
    form.add_argument("--jsonld", type=Path, metavar="FILE", help="the object graph and its history, as JSON-LD")
    form.add_argument(
        "--journal", type=Path, metavar="FILE", help="all changes, for nexus import; FILE.gz is compressed"
    )
    form.add_argument("--ocel", type=Path, metavar="FILE", help="all changes, as OCEL 2.0: FILE.json or FILE.sqlite")
    export.add_argument("--panel", action="append", default=[], metavar="NAME", help="which one; all when left out")
    export.add_argument("--out", type=Path, metavar="FILE", help="where to; DIR.html when left out")
    export.set_defaults(run=_export)

    bring_in = commands.add_parser("import", help="fill an empty workspace from an exported journal")
    bring_in.add_argument("file", type=Path, metavar="FILE")
    bring_in.add_argument("dir", type=Path, metavar="DIR")
    bring_in.set_defaults(run=_import)


def _demo(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.demo import run

    return run(no_browser=arguments.no_browser, port=arguments.port)


def _doctor(arguments: argparse.Namespace) -> int:
    from nexus_jupyter import upkeep
    from nexus_jupyter.doctor import as_json, examine

    if arguments.repair is not None:
        print("\n".join(upkeep.repaired(arguments.repair)))
        return 0
    if arguments.verify is not None:
        findings = list(upkeep.verified(arguments.verify))
    else:
        findings = examine(arguments.dir.expanduser().absolute(), arguments.port)
    if arguments.json:
        print(as_json(findings))
    else:
        marks = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}
        for finding in findings:
            print(f"{marks[finding.state]}  {finding.name:8} {finding.detail}")
            if finding.advice and finding.state != "ok":
                print(f"{'':19}{finding.advice}")
    return 1 if any(finding.state == "error" for finding in findings) else 0


def _text(path: Path) -> str:
    """Return a file's text, or raise an error that says what is wrong with it."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{path} is no text in UTF-8: byte {error.start} cannot be read.", hint="Save it in UTF-8, and try again."
        ) from error


def _check(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.language import check

    failed = False
    found = []
    for path in arguments.files:
        for finding in check(_text(path)):
            failed = failed or finding.severity == "error"
            found.append({"file": str(path), **finding.model_dump(mode="json")})
            if not arguments.json and finding.severity != "hint":
                mend = f" {finding.fix.sentence}" if finding.fix else ""
                place = f"{path}:{finding.span.line}:{finding.span.col}"
                print(f"{place}: {finding.severity} {finding.code}: {finding.message}{mend}")
    if arguments.json:
        print(json.dumps(found, indent=2))
    return 1 if failed else 0


def _fmt(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.language import check
    from nexus_jupyter.language import format as canonical

    changed, broken = 0, 0
    for path in arguments.files:
        text = _text(path)
        if any(finding.severity == "error" for finding in check(text)):
            # What the parser makes of a broken text may not be what its author meant.
            broken += 1
            print(f"{path}: has errors, so it is left as it is; see `nexus check {path}`", file=sys.stderr)
            continue
        printed = canonical(text)
        if printed != text:
            changed += 1
            print(f"{path}: {'would change' if arguments.check else 'changed'}")
            if not arguments.check:
                _overwrite(path, printed)
    return 1 if broken or (arguments.check and changed) else 0


def _overwrite(path: Path, text: str) -> None:
    """Write a file whole or not at all, with the rights that it has."""
    place = path.resolve()
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder) / place.name
        made.write_text(text, encoding="utf-8", newline="")
        shutil.copymode(place, made)
        made.replace(place)


def _init(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.notebook import Workspace
    from nexus_jupyter.workspace import register_driver

    with Workspace.open(arguments.dir) as workspace:
        print(f"The workspace '{workspace.name}' is in {arguments.dir.absolute()}.")
    print(register_driver(arguments.dir.expanduser().absolute()))
    return 0


def _merge_file(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.engine import Engine
    from nexus_jupyter.reactor import Reactor
    from nexus_jupyter.workspace import merge_file

    texts = [_text(path) for path in (arguments.base, arguments.ours, arguments.theirs)]
    merged, conflicts = merge_file(arguments.path, texts[0], texts[1], texts[2], Reactor(Engine.shared()))
    arguments.ours.write_text(merged, encoding="utf-8")
    for conflict in conflicts:
        print(f"{arguments.path}: {conflict}", file=sys.stderr)
    return 1 if conflicts else 0


def _run(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.notebook import Workspace
    from nexus_jupyter.upkeep import options

    given: dict[str, JsonValue] = {}
    for pair in arguments.args:
        name, equals, text = pair.partition("=")
        if not equals:
            print(f"'{pair}' is no argument: write NAME=VALUE.", file=sys.stderr)
            return 2
        try:
            given[name] = json.loads(text)
        except ValueError:
            given[name] = text
    if not arguments.dir.is_dir():
        print(
            f"There is no workspace folder {arguments.dir}. Make one with: nexus init {arguments.dir}", file=sys.stderr
        )
        return 2
    with Workspace.open(arguments.dir, options=options()) as workspace:
        run = workspace[arguments.panel].run(arguments.action, **given)
        if arguments.json:
            print(json.dumps({"id": run.id, "value": run.value, "rev": run.rev, "logs": run.logs}))
        else:
            for line in run.logs:
                print(line)
            print(json.dumps(run.value, ensure_ascii=False))
    return 0


def _trust(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.workspace import trust

    print(trust(arguments.dir))
    return 0


def _mcp(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.ai import Router
    from nexus_jupyter.assistant import AssistantDesk
    from nexus_jupyter.upkeep import options

    try:
        from nexus_jupyter.mcp.stdio import serve_stdio
    except ModuleNotFoundError:
        print("MCP is not installed. Run: pip install 'nexus-jupyter[mcp]'", file=sys.stderr)
        return 1
    if not arguments.dir.is_dir():
        print(
            f"There is no workspace folder {arguments.dir}. Make one with: nexus init {arguments.dir}", file=sys.stderr
        )
        return 2

    serve_stdio(arguments.dir, options(), lambda kernel: AssistantDesk(kernel, Router.from_environment))
    return 0


def _record(arguments: argparse.Namespace) -> int:
    import asyncio

    from nexus_jupyter.ai import Router, Transcripts, endpoints_from_environment, rerecord

    if not arguments.folder.is_dir():
        print(f"There is no folder {arguments.folder}.", file=sys.stderr)
        return 2
    router = Router(endpoints_from_environment(), transcripts=Transcripts(arguments.folder, record=True))

    async def record() -> int:
        try:
            return await rerecord(arguments.folder, router)
        finally:
            await router.aclose()

    print(f"{asyncio.run(record())} answers were recorded in {arguments.folder}.")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.upkeep import bring_in

    print(bring_in(arguments.file, arguments.dir))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from nexus_jupyter.notebook import Workspace
    from nexus_jupyter.upkeep import options

    if not arguments.dir.is_dir():
        print(f"There is no workspace folder {arguments.dir}.", file=sys.stderr)
        return 2
    if arguments.jsonld is not None:
        with Workspace.open(arguments.dir, options=options()) as workspace:
            document = workspace.nog.to_jsonld()
        arguments.jsonld.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(f"{arguments.jsonld} ({len(document['@graph'])} things)")
        return 0
    out = arguments.out or arguments.dir.absolute().with_suffix(".html")
    with Workspace.open(arguments.dir, options=options()) as workspace:
        if arguments.journal:
            print(workspace.export_journal(arguments.journal))
            return 0
        if arguments.ocel:
            print(workspace.trilog.to_ocel(arguments.ocel))
            return 0
        written = workspace.export(out, *arguments.panel)
    for file in written:
        print(f"{file} ({file.stat().st_size / 1e6:.1f} MB)")
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    if arguments.events is not None:
        os.environ["NEXUS_BENCH_EVENTS"] = str(arguments.events)
    from nexus_jupyter.benchmarks import run

    return run(arguments.names, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
