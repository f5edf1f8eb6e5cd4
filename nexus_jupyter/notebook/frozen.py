"""Lists and dicts as they are read from a panel: copies, which refuse to be changed as if they were the panel's own."""

from __future__ import annotations

from typing import Any, NoReturn

from nexus_jupyter.protocol.base import JsonValue

__all__ = ["FrozenDict", "FrozenList", "freeze"]


def freeze(value: JsonValue, place: str) -> JsonValue:
    """Return a value whose lists and dicts cannot be changed; ``place`` is the expression that sets it."""
    if isinstance(value, list):
        return FrozenList([freeze(item, place) for item in value], place)
    if isinstance(value, dict):
        return FrozenDict({key: freeze(item, place) for key, item in value.items()}, place)
    return value


def _refuse(self: FrozenList | FrozenDict, *_args: object, **_named: object) -> NoReturn:
    kind, example = ("list", "[...]") if isinstance(self, FrozenList) else ("dict", "{...}")
    raise TypeError(
        f"This {kind} is a copy of what the panel has: changing it would not change the panel. "
        f"Set the whole value: {self.place} = {example}."
    )


class FrozenList(list[JsonValue]):
    """A list that was read from a panel. Copies of it, and what operators make of it, can be changed."""

    __slots__ = ("place",)

    def __init__(self, items: list[JsonValue], place: str) -> None:
        super().__init__(items)
        self.place = place

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = _refuse

    def __iadd__(self, other: Any) -> list[JsonValue]:  # type: ignore[override,misc]  # Any: what list takes; not in place
        return [*self, *other]

    def __imul__(self, count: Any) -> list[JsonValue]:  # type: ignore[override,misc]  # Any: as above
        repeated: list[JsonValue] = list(self) * count
        return repeated

    def __reduce_ex__(self, _protocol: object) -> tuple[type, tuple[list[JsonValue]]]:
        return list, (list(self),)


class FrozenDict(dict[str, JsonValue]):
    """A dict that was read from a panel; else as `FrozenList`."""

    __slots__ = ("place",)

    def __init__(self, items: dict[str, JsonValue], place: str) -> None:
        super().__init__(items)
        self.place = place

    clear = pop = popitem = setdefault = update = _refuse
    __setitem__ = __delitem__ = _refuse

    def __ior__(self, other: Any) -> dict[str, JsonValue]:  # type: ignore[override,misc]  # Any: what dict takes
        return dict(self) | dict(other)

    def __reduce_ex__(self, _protocol: object) -> tuple[type, tuple[dict[str, JsonValue]]]:
        return dict, (dict(self),)
