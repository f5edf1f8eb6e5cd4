"""The page of MCP Apps that shows a panel: one HTML file with the reactor in it, which loads nothing from anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from urllib.parse import quote, unquote

from nexus_jupyter.assets import LAZY, inline_json, inline_script, packed
from nexus_jupyter.mcp.caller import Caller, quoted
from nexus_jupyter.mcp.panels import Readable
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NotFoundError

__all__ = ["APP_MIME", "PAGE_META", "SHOW_URI", "app_page", "app_uri", "pages"]

#: The form of a page, by which clients know that they may show it.
APP_MIME = "text/html;profile=mcp-app"
#: The page that shows whichever panel a call names.
SHOW_URI = "ui://nexus/panel.html"
#: What a client must allow a page: to reach nobody, and to copy text when somebody presses such a button.
PAGE_META: dict[str, JsonValue] = {
    "ui": {
        "csp": {"connectDomains": [], "resourceDomains": [], "frameDomains": [], "baseUriDomains": []},
        "permissions": {"clipboardWrite": {}},
        "prefersBorder": False,
    }
}
_PANEL_URI = re.compile(r"ui://nexus/panels/([^/]+)\.html")
#: A page may run its own code and style itself; it asks nothing of anybody but the client that shows it.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
    "form-action 'none'"
)


def app_uri(panel: str) -> str:
    """Return the address of a panel's page.

    Examples
    --------
    >>> app_uri("sales map")
    'ui://nexus/panels/sales%20map.html'
    """
    return f"ui://nexus/panels/{quote(panel, safe='')}.html"


def pages(caller: Caller) -> Iterator[Readable]:
    """Yield the pages of all panels."""
    yield Readable(SHOW_URI, "nexus_show page", "Shows the panel that a call of nexus_show names.", APP_MIME)
    for panel in caller.kernel.panels():
        title = quoted(caller.kernel.build(panel).title)
        yield Readable(app_uri(panel), f"{panel} page", f"Panel {title}, to use in the conversation.", APP_MIME)


def app_page(caller: Caller, address: str, ticket: str) -> str:
    """Return a page, with the ticket by which it can ask for more.

    Raises
    ------
    NotFoundError
        If there is no such page, or no such panel.
    """
    caller.need("panel.read")
    found = _PANEL_URI.fullmatch(address)
    if found is None and address != SHOW_URI:
        raise NotFoundError(f"There is no page at {quoted(address)}.", hint="List the resources to see what there is.")
    kernel, panel = caller.kernel, unquote(found[1]) if found else None
    texts = [kernel.panel(name).nxml for name in ([panel] if panel is not None else kernel.panels())]
    tags = {tag for text in texts for tag in re.findall(r"<([a-z]+)", text)}
    drawn, title = "", "Nexus"
    if panel is not None:
        # The same picture that a saved notebook has stands there until the page comes to life.
        drawn = kernel.html(panel, caller.person.id).replace("nx-picture", "nx-live", 1)
        title = kernel.panel(panel).title
    code: dict[str, JsonValue] = {file: packed(file) for tag, file in LAZY.items() if tag in tags}
    payload: dict[str, JsonValue] = {"panel": panel, "ticket": ticket, "code": code}
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>body{{margin:0}}</style></head>'
        f"<body><main>{drawn}</main>"
        f'<script type="application/json" id="nexus-payload">{inline_json(payload)}</script>'
        f'<script type="module">{inline_script("app.js")}</script></body></html>\n'
    )
