"""The one exception that stands for a mistake a person can make and mend."""


class UserError(Exception):
    """Something the user can put right: a missing file, a bad line, a busy warehouse.

    The message is a whole sentence that names what is wrong, where, and what to do. Command
    lines print it without a traceback and exit with status 1.
    """
