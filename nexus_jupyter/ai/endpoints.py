"""Which models there are: from the environment or a list, with keys that are named and never held."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from nexus_jupyter.protocol.ai import Endpoint
from nexus_jupyter.protocol.errors import RequestError, UnavailableError

__all__ = ["UNCONFIGURED", "endpoints_from_environment", "endpoints_of", "resolved_key", "verified", "withhold_keys"]

#: What a person is told who asks a model when there is none.
UNCONFIGURED = (
    "No language model is configured: set NEXUS_AI_URL and NEXUS_AI_MODEL (and NEXUS_AI_KEY if it needs a key), for"
    " example to a local server of Ollama (http://localhost:11434/v1), vLLM (http://localhost:8000/v1) or llama.cpp"
    " (http://localhost:8080/v1)."
)
_OPENAI = "https://api.openai.com/v1"
_KEY_BYTES = 16 << 10
_LIST: TypeAdapter[list[Endpoint]] = TypeAdapter(list[Endpoint])
#: Keys by their variables, which are in the environment no more.
_withheld: dict[str, str] = {}


def endpoints_from_environment(environ: Mapping[str, str] = os.environ) -> list[Endpoint]:
    """Return the endpoints that environment variables name; none is no error.

    ``NEXUS_AI_ENDPOINTS`` is a JSON list of `Endpoint`. Without it, ``NEXUS_AI_URL`` and ``NEXUS_AI_MODEL`` make one,
    with ``NEXUS_AI_KEY`` for its key and ``NEXUS_AI_WINDOW`` for its context in tokens. ``NEXUS_AI_MODEL`` alone takes
    ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` as other programs do, if there is such a key; it goes nowhere else.

    Raises
    ------
    RequestError
        If a variable cannot be understood.
    """
    if text := environ.get("NEXUS_AI_ENDPOINTS", "").strip():
        return _listed(text)
    url, model = environ.get("NEXUS_AI_URL", "").strip(), environ.get("NEXUS_AI_MODEL", "").strip()
    if not model:
        if url:
            raise RequestError("NEXUS_AI_URL is set, but no model.", hint="Set NEXUS_AI_MODEL to the model's name.")
        return []
    if url:
        key = "env:NEXUS_AI_KEY" if environ.get("NEXUS_AI_KEY") or "NEXUS_AI_KEY" in _withheld else ""
    elif environ.get("OPENAI_API_KEY"):
        url, key = environ.get("OPENAI_BASE_URL", "").strip() or _OPENAI, "env:OPENAI_API_KEY"
    else:
        raise RequestError(
            "NEXUS_AI_MODEL is set, but not where the model is.", hint="Set NEXUS_AI_URL, or OPENAI_API_KEY for OpenAI."
        )
    window = environ.get("NEXUS_AI_WINDOW", "").strip()
    given = {"name": model, "url": url, "model": model, "key": key} | ({"window": window} if window else {})
    return verified(_validated("The NEXUS_AI variables", [given]))


def withhold_keys(endpoints: Iterable[Endpoint], environ: MutableMapping[str, str] = os.environ) -> None:
    """Take the keys of endpoints out of the environment that processes started from now on inherit.

    `resolved_key` still finds them in this process. ``OPENAI_API_KEY`` stays: other programs of the person need it, and
    it is not ours to name.
    """
    for endpoint in endpoints:
        kind, _, name = endpoint.key.partition(":")
        if kind == "env" and name != "OPENAI_API_KEY" and environ.get(name):
            _withheld[name] = environ.pop(name)


def endpoints_of(given: object) -> list[Endpoint]:
    """Return endpoints as the server's configuration lists them, or raise `RequestError`."""
    return verified(_validated("NexusApp.ai_endpoints", given))


def _listed(text: str) -> list[Endpoint]:
    try:
        given = json.loads(text)
    except ValueError:
        raise RequestError("NEXUS_AI_ENDPOINTS is no JSON.", hint="It is a list of objects.") from None
    return verified(_validated("NEXUS_AI_ENDPOINTS", given))


def _validated(what: str, given: object) -> list[Endpoint]:
    problems = []
    try:
        return _LIST.validate_python(given)
    except ValidationError as error:
        # The values stay out of it: somebody may have written a key where a reference belongs.
        problems = error.errors(include_input=False, include_context=False, include_url=False)
    first = problems[0]
    place = ".".join(str(part) for part in first["loc"]) or "the list"
    raise RequestError(f"{what} cannot be understood: at {place}: {first['msg']}.")


def verified(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Return endpoints whose names differ and whose addresses are ones, or raise `RequestError`."""
    names: set[str] = set()
    for endpoint in endpoints:
        if endpoint.name in names:
            raise RequestError(f"Two models' endpoints are called '{endpoint.name}'.", hint="Give each its own name.")
        names.add(endpoint.name)
        _verify_url(endpoint)
    return list(endpoints)


def _verify_url(endpoint: Endpoint) -> None:
    try:
        parts = urlsplit(endpoint.url)
        plain = not (parts.username or parts.password or parts.query or parts.fragment)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and plain and parts.port != 0
    except ValueError:
        good = False
    if not good:
        # The address is not shown: credentials in it are what is wrong with some.
        raise RequestError(
            f"The address of the endpoint '{endpoint.name}' is not of the form http(s)://host[:port]/path.",
            hint="A key does not belong into it: name it with `key`, as env:NAME or file:PATH.",
        )


def resolved_key(endpoint: Endpoint, environ: Mapping[str, str] = os.environ) -> str:
    """Return the key that an endpoint names, read at this moment; empty when it needs none.

    Raises
    ------
    UnavailableError
        If the variable or file is missing or empty.
    """
    kind, _, name = endpoint.key.partition(":")
    if not kind:
        return ""
    if kind == "env":
        where, key = f"The variable {name}", environ.get(name) or _withheld.get(name, "")
    else:
        where, key = f"The file {name}", _in_file(Path(name).expanduser())
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise UnavailableError(f"{where} holds no key for '{endpoint.name}'.", hint="Put the key there, alone.")
    return key


def _in_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_KEY_BYTES).decode("ascii", errors="replace")
    except OSError:
        return ""
