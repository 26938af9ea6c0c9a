"""What sqlfluff sees as dbt's ``adapter``: it lints each dispatched macro in its default form."""

from collections.abc import Callable

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, macro_name: str) -> Callable[..., str]:
    """Find the macro that every engine uses which has none of its own."""
    return context.resolve(f"default__{macro_name}")
