"""Prompt templates, rendered with the facts about an item.

A template is Jinja with a block `user` and, if it wants one, a block `system`. Facts about an item
are data, not instructions: a template writes them with the filter `quoted`.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING

from cmean.domain import Prompt
from cmean.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template

_GAP = re.compile(r"\n{3,}")


def render_prompt(template: str, facts: Mapping[str, object]) -> Prompt:
    """Render a template with some facts.

    Raises:
        ConfigError: the template is broken, lacks `user`, or names a fact that there is not.
    """
    from jinja2 import TemplateError  # noqa: PLC0415 - most verbs never need it

    compiled = _compile_template(template)
    try:
        blocks = {
            name: "".join(block(compiled.new_context(dict(facts))))
            for name, block in compiled.blocks.items()
        }
    except (TemplateError, TypeError) as error:
        raise ConfigError(f"a prompt template cannot be filled in: {error}") from error
    return Prompt(_strip_gaps(blocks["user"]), _strip_gaps(blocks.get("system", "")))


@cache
def _compile_template(template: str) -> Template:
    from jinja2 import StrictUndefined, TemplateError  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    # Text for a model, not for a browser: nothing is to be escaped.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.filters["quoted"] = quote_as_json
    try:
        compiled = environment.from_string(template)
    except TemplateError as error:
        raise ConfigError(f"a prompt template is broken: {error}") from error
    if "user" not in compiled.blocks:
        raise ConfigError("a prompt template needs a block: {% block user %}…{% endblock %}")
    return compiled


def quote_as_json(text: object) -> str:
    """Return a text as a JSON string, so that it cannot end its own quotation."""
    return json.dumps(str(text), ensure_ascii=False)


def _strip_gaps(text: str) -> str:
    return _GAP.sub("\n\n", text).strip()
