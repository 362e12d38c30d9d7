"""A section of a configuration, as a script uses it: ``mle.train_config.learning_rate`` or ``["learning_rate"]``.

Knows nothing of files; where the section comes from is only for the message about a name that is not there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from mle_toolbox.errors import MLEToolboxError, did_you_mean

__all__ = ["MissingSettingError", "Settings"]


class MissingSettingError(MLEToolboxError, AttributeError, KeyError):
    """A section has no setting of this name; says which section of which file, and the nearest name."""

    def __init__(self, missing: str, settings: Settings) -> None:
        super().__init__(missing)
        self._missing, self._settings = missing, settings

    def __str__(self) -> str:
        # Worked out only when somebody reads it: `getattr(config, name, default)` is used in training loops.
        section, file = object.__getattribute__(self._settings, "_origin")
        where = f" ({file})" if file else ""
        hint = did_you_mean(str(self._missing), map(str, self._settings))
        return f"{section} has no {self._missing!r}{where}.{hint}"


class Settings(MutableMapping[str, Any]):
    """A mapping whose entries are attributes as well; sections inside it are ``Settings`` too.

    Entries may be added, changed and deleted. An entry that has the name of a method of mappings (``items``) is
    reached as ``settings["items"]``.

    Parameters
    ----------
    items
        The entries; copied, nested mappings included.
    section, file
        What the section is called, and the file it comes from, in the message about a name that is missing.

    Examples
    --------
    >>> settings = Settings({"optimizer": {"name": "adam"}}, "train_config")
    >>> settings.optimizer.name, settings["optimizer"]["name"], settings.get("momentum", 0)
    ('adam', 'adam', 0)
    """

    __slots__ = ("_entries", "_origin")
    _entries: dict[str, Any]
    _origin: tuple[str, str]

    def __init__(self, items: Mapping[str, Any] | None = None, section: str = "settings", file: str = "") -> None:
        object.__setattr__(self, "_origin", (section, file))
        object.__setattr__(self, "_entries", {})
        for name, value in (items or {}).items():
            self[name] = value

    def to_dict(self) -> dict[str, Any]:
        """Return the entries as plain dictionaries, which json can write."""
        return {name: _plain(value) for name, value in self._entries.items()}

    toDict = to_dict  # noqa: N815  (the name that the original's configurations have)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __getitem__(self, name: str) -> Any:
        try:
            return self._entries[name]
        except KeyError:
            raise MissingSettingError(name, self) from None

    def __setitem__(self, name: str, value: Any) -> None:
        self._entries[name] = self._wrapped(name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self._entries:
            raise MissingSettingError(name, self)
        del self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *filter(str.isidentifier, map(str, self._entries))})

    def __repr__(self) -> str:
        entries = ", ".join(f"{name}={value!r}" for name, value in self._entries.items())
        return f"{self._origin[0]}({entries})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Settings, (self._entries, *self._origin)

    def __deepcopy__(self, memo: dict[int, Any]) -> Settings:
        return Settings(copy.deepcopy(self._entries, memo), *self._origin)

    def _wrapped(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            section, file = self._origin
            return Settings(value, f"{section}.{name}", file)
        return [self._wrapped(name, each) for each in value] if type(value) is list else value


def _plain(value: Any) -> Any:
    if isinstance(value, Settings):
        return value.to_dict()
    return [_plain(each) for each in value] if isinstance(value, list) else value
