"""A section of a configuration, with entries as attributes and items: ``mle.train_config.learning_rate``.

Reads no files; the source of the section only appears in the message about a missing name.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping
from typing import Any

from mle_toolbox.errors import MLEToolboxError, did_you_mean

__all__ = ["MissingSettingError", "Settings", "write_in_yaml"]


class MissingSettingError(MLEToolboxError, AttributeError, KeyError):
    """A section has no setting of this name; names the section, its file and the nearest name."""

    def __init__(self, missing: str, settings: Settings | None, text: str | None = None) -> None:
        super().__init__(missing)
        self._missing, self._settings, self._text = missing, settings, text

    def __str__(self) -> str:
        # Computed only when needed: training loops call `getattr(config, name, default)`.
        if self._text is None:
            assert self._settings is not None
            section, file = object.__getattribute__(self._settings, "_origin")
            where = f" ({file})" if file else ""
            hint = did_you_mean(str(self._missing), map(str, self._settings))
            self._text = f"{section} has no {self._missing!r}{where}.{hint}"
        return self._text

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker sends it to its parent as a message only: the settings may contain objects that cannot be pickled.
        notes = {name: value for name, value in self.__dict__.items() if name == "__notes__"}
        return type(self), (self._missing, None, str(self)), notes


class Settings(dict[str, Any]):
    """A dictionary whose entries are attributes as well; sections inside it are ``Settings`` too.

    Entries may be added, changed and deleted. An entry named like a method of dictionaries (``items``) is only
    available as ``settings["items"]``.

    Parameters
    ----------
    items
        The entries; copied, nested mappings included.
    section, file
        Names of the section and its file in the message about a missing name.
    silent
        Values that attributes and items return if there is no such entry; not listed among the entries.

    Notes
    -----
    A subclass of ``dict``, so that libraries which ask for a dictionary take it: json, yaml, wandb. The methods of
    ``dict`` that store entries bypass ``__setitem__``, and are replaced by those that do not.

    Examples
    --------
    >>> settings = Settings({"optimizer": {"name": "adam"}}, "train_config")
    >>> settings.optimizer.name, settings["optimizer"]["name"], settings.get("momentum", 0)
    ('adam', 'adam', 0)
    """

    __slots__ = ("_origin", "_silent")
    _origin: tuple[str, str]
    _silent: dict[str, Any]

    def __init__(
        self,
        items: Mapping[str, Any] | None = None,
        section: str = "settings",
        file: str = "",
        silent: Mapping[str, Any] | None = None,
    ) -> None:
        object.__setattr__(self, "_origin", (section, file))
        object.__setattr__(self, "_silent", dict(silent or {}))
        for name, value in (items or {}).items():
            self[name] = value

    def to_dict(self) -> dict[str, Any]:
        """Return the entries as plain dictionaries."""
        return {name: _plain(value) for name, value in self.items()}

    toDict = to_dict  # noqa: N815  (the name in the original mle-toolbox)

    update = MutableMapping.update
    pop = MutableMapping.pop

    def get(self, name: str, default: Any = None) -> Any:
        """Return an entry, or ``default`` if there is none."""
        return self[name] if name in self else self._silent.get(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return an entry, after adding it with the value ``default`` if there is none."""
        if name not in self and name not in self._silent:
            self[name] = default
        return self[name]

    def copy(self) -> Settings:
        """Return a shallow copy."""
        return Settings(self, *self._origin, self._silent)

    __copy__ = copy

    def __or__(self, other: Any) -> Settings:  # type: ignore[override]
        if not isinstance(other, Mapping):
            return NotImplemented
        merged = self.copy()
        merged.update(other)
        return merged

    def __ior__(self, other: Any) -> Settings:  # type: ignore[override]
        self.update(other)
        return self

    def __getattr__(self, name: str) -> Any:
        if name == "__dict__":
            return dict(self)  # for vars()
        # copy and pickle probe for special methods; an object that is not complete yet has no slots.
        if name.startswith("__") or name in Settings.__slots__:
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __missing__(self, name: str) -> Any:
        if name in self._silent:
            return self._silent[name]
        raise MissingSettingError(name, self) from None

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, self._wrapped(name, value))

    def __delitem__(self, name: str) -> None:
        # Scripts of the original mle-toolbox call `pop("seed_id", None)`, where it was an entry.
        if name not in self and self._silent.pop(name, None) is None:
            raise MissingSettingError(name, self)
        super().pop(name, None)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *filter(str.isidentifier, map(str, self))})

    def __repr__(self) -> str:
        entries = ", ".join(f"{name}={value!r}" for name, value in self.items())
        return f"{self._origin[0]}({entries})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Settings, (dict(self), *self._origin, self._silent)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Settings:
        return Settings(copy.deepcopy(dict(self), memo), *self._origin, self._silent)

    def _wrapped(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            section, file = self._origin
            return value if isinstance(value, Settings) else Settings(value, f"{section}.{name}", file)
        return [self._wrapped(name, each) for each in value] if type(value) is list else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def write_in_yaml(yaml: Any) -> None:
    """Let ``yaml.dump`` and ``yaml.safe_dump`` write settings as the mappings that they are."""
    representer = getattr(yaml, "representer", None)
    if representer is None:
        return  # a module of the user's own with this name
    for each in (representer.SafeRepresenter, representer.Representer):
        each.add_representer(Settings, representer.SafeRepresenter.represent_dict)
