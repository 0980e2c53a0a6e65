"""Pages of the report, from their templates."""

from typing import Any

import jinja2


def render(template: str, **content: Any) -> str:  # noqa: ANN401
    """Fill in a Jinja template of a page; what is missing is an error, and text is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(**content)
