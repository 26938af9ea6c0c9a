"""Errors that a user can put right, and how a command prints them."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

Arguments = ParamSpec("Arguments")


class UserError(Exception):
    """Something the user can put right: a missing file, a bad line, a busy warehouse.

    The message is a whole sentence that names what is wrong, where, and what to do. Command
    lines print it without a traceback and exit with status 1.
    """


class DamagedError(UserError):
    """A DuckDB file is not as it was written: it was cut short or changed."""


def tells_errors(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """Make a command print an error that a user can put right, without traceback, and return 1."""

    @wraps(main)
    def command(*arguments: Arguments.args, **options: Arguments.kwargs) -> int:
        try:
            return main(*arguments, **options)
        except (UserError, OSError) as error:
            print(error, file=sys.stderr)
            return 1

    return command
