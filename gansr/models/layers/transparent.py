"""Wrappers whose weights have the names of what they wrap."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from torch import nn


def transparent(wrapper: nn.Module, name: str, beside: Collection[str] = ()) -> None:
    """Leave the submodule's own name out of the names of weights: `network.conv.weight` is saved as `conv.weight`.

    For a wrapper that has weights nowhere else, but in the submodules `beside` it, which keep their names. Files of the
    bare network then fit the wrapped one and the other way round, and what `load_state_dict` complains about has the
    names of the file. To be called in the wrapper's constructor; copies of the wrapper are transparent too.
    """
    put = _Put(name, beside)
    wrapper.register_state_dict_post_hook(_Leave(name))
    wrapper.register_load_state_dict_pre_hook(put)
    wrapper.register_load_state_dict_post_hook(put.complain)


class _Leave:
    """Takes the name out of a state dict that was made."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, _module: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any) -> None:
        inner = f"{prefix}{self.name}."
        _rename(state, inner, prefix)
        versions = getattr(state, "_metadata", {})  # by name of module, which has no dot at its end
        versions.pop(inner[:-1], None)
        _rename(versions, inner, prefix)


class _Loading(NamedTuple):
    """A `load_state_dict` under way: where in the whole, its list of errors, and how many there were before."""

    prefix: str
    errors: list[str]
    before: int


class _Put:
    """Puts the name into a state dict that will be loaded, and takes it out of complaints about that."""

    def __init__(self, name: str, beside: Collection[str]) -> None:
        self.name, self.beside = name, beside
        self.loading: _Loading | None = None

    def __call__(
        self,
        _module: nn.Module,
        state: dict[str, Any],
        prefix: str,
        _metadata: Any,
        _strict: bool,
        _missing: list[str],
        _unexpected: list[str],
        errors: list[str],
    ) -> None:
        self.loading = _Loading(prefix, errors, len(errors))
        others = tuple(f"{prefix}{name}." for name in self.beside)
        kept = {name: state.pop(name) for name in list(state) if name.startswith(others)} if others else {}
        _rename(state, prefix, f"{prefix}{self.name}.")
        state.update(kept)

    def complain(self, _module: nn.Module, keys: Any) -> None:
        """Rename in the lists of missing and unexpected names, and in the sentences about shapes."""
        assert self.loading is not None
        (prefix, errors, before), self.loading = self.loading, None
        inner = f"{prefix}{self.name}."
        for names in (keys.missing_keys, keys.unexpected_keys):
            names[:] = [prefix + name.removeprefix(inner) if name.startswith(inner) else name for name in names]
        errors[before:] = [re.sub(rf"(?<![\w.]){re.escape(inner)}", prefix, error) for error in errors[before:]]


def _rename(state: dict[str, Any], old: str, new: str) -> None:
    """Change the beginning of names. All are taken out before the first is put back, since they may meet."""
    taken = [(name, state.pop(name)) for name in list(state) if name.startswith(old)]
    state.update((new + name.removeprefix(old), value) for name, value in taken)
