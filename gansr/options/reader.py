"""YAML with its traps removed: a key given twice is refused, `1e-4` is a number."""

import re
from pathlib import Path
from typing import Any

import yaml

from gansr.errors import OptionsError


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers on PyYAML's safe loader."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        first: dict[Any, yaml.Mark] = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
            if key in first:
                line = first[key].line + 1
                problem = f"the key '{key}' is given twice (first in line {line})"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            first[key] = key_node.start_mark
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(  # YAML 1.1 wants a dot and a sign: it reads `1e-4` as a text
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def parse(text: str, where: str) -> Any:
    """The value that the YAML `text` stands for."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise OptionsError(f"{where}{line}: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise OptionsError(f"{where}: this is not YAML: {' '.join(str(error).split())}.") from None


def read(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        beside = f" That folder holds: {', '.join(near[:8])}." if near else ""
        raise OptionsError(f"{path}: there is no such options file.{beside}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise OptionsError(f"{path}: this options file cannot be read: {error}.") from None
    tree = parse(text, str(path))
    if not isinstance(tree, dict):
        raise OptionsError(f"{path}: expected `key: value` lines, found {type(tree).__name__}.")
    return tree
