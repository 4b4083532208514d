"""docs/command-line.md names every command and option, and none that there is not."""

import re
from importlib import import_module
from pathlib import Path

from javert.cli import frame

PAGE = (Path(__file__).parents[3] / "docs/command-line.md").read_text()


def test_every_option_is_in_the_table_with_its_commands():
    rows = dict(re.findall(r"^\| `(--[a-z-]+)` \| ([a-z, ]*)", PAGE, re.MULTILINE))
    options: dict[str, list[str]] = {"--version": []}
    for name in frame._COMMANDS:
        for parameter in import_module(f"javert.cli.{name}").command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    options.setdefault(option, []).append(name)
    assert {option: sorted(filter(None, commands.strip().split(", "))) for option, commands in rows.items()} == {
        option: sorted(commands) for option, commands in options.items()
    }


def test_every_command_is_listed():
    assert re.findall(r"^    javert (\w+)", PAGE, re.MULTILINE) == list(frame._COMMANDS)
