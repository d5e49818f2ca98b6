"""Reads YAML strictly, and says what is wrong with it without showing any of it: it may hold passwords."""

from collections.abc import Hashable
from typing import Any

import yaml


class YamlMistake(Exception):  # noqa: N818 - becomes a ConfigError, which names the place
    """The text is not YAML that can be used. The message is for people."""


def read_yaml(text: str) -> Any:
    """The value that a text holds.

    Raises:
        YamlMistake: it is not YAML, a key stands twice, or a value cannot be read.
    """
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YamlMistake(f"this is not YAML: {where}{error.problem}") from None
    except yaml.YAMLError as error:
        raise YamlMistake(f"this is not YAML: {str(error).splitlines()[0]}") from None
    except (ValueError, OverflowError):
        raise YamlMistake("a date or number in it does not exist; put texts in quotes") from None
    except RecursionError:
        raise YamlMistake("it is nested too deeply") from None


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice: PyYAML takes the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = (key_node.tag, key_node.value) if isinstance(key_node, yaml.ScalarNode) else None
            if key is not None and key in seen:
                problem = f"the key '{key_node.value}' stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
