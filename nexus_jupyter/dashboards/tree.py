"""A panel as it is built, before the reactor prints it."""

from __future__ import annotations

from dataclasses import dataclass, field

from nexus_jupyter.protocol.base import JsonValue

__all__ = ["Element", "panel"]


@dataclass
class Element:
    """An element: its attributes in the order in which they are written, its text, and what is in it."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    children: list[Element] = field(default_factory=list)

    def printed(self) -> JsonValue:
        """Return it as the printer takes it."""
        return {
            "id": self.attrs.get("id", ""),
            "tag": self.tag,
            "generated_id": "id" not in self.attrs,
            "attrs": [{"name": name, "value": value} for name, value in self.attrs.items()],
            "text": self.text,
            "children": [child.printed() for child in self.children],
        }


def panel(name: str, title: str, sections: dict[str, list[Element] | str]) -> dict[str, JsonValue]:
    """Return a panel as the printer takes it; empty sections are left out."""
    printed: list[JsonValue] = [
        {
            "name": section,
            "text": content if isinstance(content, str) else None,
            "children": [] if isinstance(content, str) else [element.printed() for element in content],
        }
        for section, content in sections.items()
        if content
    ]
    return {"id": name, "title": title, "packs": [], "sections": printed}
