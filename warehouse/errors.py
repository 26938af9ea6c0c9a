"""The exceptions that stand for what a person can put right."""


class UserError(Exception):
    """Something the user can put right: a missing file, a bad line, a busy warehouse.

    The message is a whole sentence that names what is wrong, where, and what to do. Command
    lines print it without a traceback and exit with status 1.
    """


class DamagedError(UserError):
    """A file that DuckDB wrote, and that does not hold what was written: cut short, or changed."""
