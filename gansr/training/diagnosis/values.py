"""Names of a log line's values, and what is said of them."""

from collections.abc import Mapping

Advice = dict[str, str]  # what is the matter -> a sentence or two for the reader


def group(values: Mapping[str, float], prefix: str) -> dict[str, float]:
    """The values whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
