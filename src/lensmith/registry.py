"""A registry: names to functions, where registering is the only step."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from lensmith.errors import LensmithError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Objects by name; a clash is an error, and an unknown name is answered with the nearest one.

    Example:
        >>> shapes = Registry("shape")
        >>> @shapes.register("square")
        ... def square(): ...
        >>> list(shapes)
        ['square']
    """

    def __init__(self, kind: str, error: type[LensmithError] = LensmithError) -> None:
        """`kind` is the word for one entry in messages; `error` is raised for an unknown name."""
        self._kind = kind
        self._error = error
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Add the decorated object under `name`."""

        def add(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"Two entries want the {self._kind} name {name!r}.")
            self._entries[name] = entry
            return entry

        return add

    def __getitem__(self, name: str) -> T:
        """Return the entry, or raise the registry's error with the nearest name."""
        if name not in self._entries:
            raise self._error(f"No {self._kind} named {name!r}.{did_you_mean(name, self._entries)}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        """Tell whether `name` is registered."""
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, sorted."""
        return iter(sorted(self._entries))
