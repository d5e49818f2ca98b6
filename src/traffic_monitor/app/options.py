"""What the commands are called, and what their arguments must not be."""

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command_name

from traffic_monitor.capture.shown import describe_source
from traffic_monitor.settings.loader import ConfigError, check_is_text
from traffic_monitor.settings.messages import did_you_mean

DEFAULT_COMMAND = "run"
OPTIONS_WITHOUT_COMMAND = ("--version", "--help")


def with_command(app: typer.Typer, arguments: Sequence[str]) -> list[str]:
    """The arguments with the command that may be left out.

    Raises:
        ConfigError: one of them is not text, or the first is neither a command nor an option.
    """
    for argument in arguments:
        check_is_text("command line", argument)
    commands = command_names(app)
    first = arguments[0] if arguments else ""
    if first in commands or first in OPTIONS_WITHOUT_COMMAND:
        return list(arguments)
    if first and not first.startswith("-"):
        looks_like_source = first.isdecimal() or not first.isidentifier()
        hint = (
            f"; to watch it: --source {describe_source(first)}"
            if looks_like_source
            else did_you_mean(first, commands)
        )
        raise ConfigError(f"command line: {describe_source(first)} is no command{hint}")
    return [DEFAULT_COMMAND, *arguments]


def command_names(app: typer.Typer) -> set[str]:
    """The names of all commands and groups of commands."""
    commands = {
        info.name or get_command_name(info.callback.__name__) for info in app.registered_commands if info.callback
    }
    return commands | {group.name for group in app.registered_groups if group.name}


def refuse_repeated_options(app: typer.Typer) -> None:
    """Make all commands refuse an option that is given twice: the last one would win in silence."""
    for info in app.registered_commands:
        info.cls = _EachOptionOnce
    for group in app.registered_groups:
        if group.typer_instance is not None:
            refuse_repeated_options(group.typer_instance)


class _EachOptionOnce(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, surplus, given = self.make_parser(ctx).parse_args(list(args))
        for option in given:
            if given.count(option) > 1 and not option.multiple:
                raise ConfigError(
                    f"command line: {option.opts[0]} is given {given.count(option)} times; give it once"
                )
        if surplus and any(option.name == "source" for option in self.params):
            shown = describe_source(surplus[0])
            raise ConfigError(f"command line: what is {shown}? To watch it: --source {shown}")
        return super().parse_args(ctx, args)
