"""Mistakes that a user can mend. The command line prints their message, one paragraph, and exits with 2."""

import difflib
from collections.abc import Iterable
from typing import Self


class UserError(Exception):
    """The message says where the mistake is, what was found, and what was expected."""

    def at(self, where: str) -> Self:
        """The same mistake, said to be in `where`, unless it says so already: parts do not know who asked for them."""
        return self if str(self).startswith(where.partition(" ")[0]) else type(self)(f"{where}: {self}")


class OptionsError(UserError):
    """The options ask for something that does not exist or does not fit."""


class DataError(UserError):
    """A folder or an image is missing, unreadable, or does not fit the options."""


class WeightsError(UserError):
    """A file of weights is missing, unreadable, or belongs to another architecture."""


class StorageError(UserError):
    """Something could not be written; whatever was there before is still there."""


class TrainingError(UserError):
    """The run cannot go on: for example, a loss is no longer finite."""


def choices_hint(name: str, choices: Iterable[str]) -> str:
    """The end of a sentence about an unknown `name`: the nearest spelling, then every choice.

    >>> choices_hint("blcks", ["features", "blocks"])
    "Did you mean 'blocks'? Choices: blocks, features."
    """
    names = sorted(choices)
    lower = {choice.lower(): choice for choice in names}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    hint = f"Did you mean '{lower[near[0]]}'? " if near else ""
    return f"{hint}Choices: {', '.join(names) or '(none)'}."
