"""What models say of their work: tokens, seconds, language, what was heard, sampled triples.

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CAPTIONS = """
    SELECT i.id AS item_id, i.kind, i.title, f.position, c.text, c.words, c.finish_reason,
           {more} r.backend AS captioner, c.id AS caption_id, c.recipe_id
    FROM captions c
    JOIN fragments f ON f.id = c.fragment_id
    JOIN items i ON i.id = f.item_id
    JOIN recipes r ON r.id = c.recipe_id
"""
EMOTIONS = """
    SELECT i.id AS item_id, i.kind, i.title, f.position, e.red, e.green, e.blue,
           {more} m.backend AS mapper, r.backend AS captioner, e.id AS emotion_id, e.caption_id,
           e.recipe_id
    FROM emotions e
    JOIN captions c ON c.id = e.caption_id
    JOIN fragments f ON f.id = c.fragment_id
    JOIN items i ON i.id = f.item_id
    JOIN recipes m ON m.id = e.recipe_id
    JOIN recipes r ON r.id = c.recipe_id
"""
ADDED = {
    "captions": {
        "tokens": sa.Integer(),
        "seconds": sa.Float(precision=53),
        "language": sa.String(length=10),
        "windows": sa.JSON(),
    },
    "emotions": {
        "samples": sa.Integer(),
        "red_sd": sa.Float(precision=53),
        "green_sd": sa.Float(precision=53),
        "blue_sd": sa.Float(precision=53),
    },
}
VIEWS = {
    "v_captions": (CAPTIONS, "c.tokens, c.seconds, c.language, c.windows,"),
    "v_emotions": (EMOTIONS, "e.samples, e.red_sd, e.green_sd, e.blue_sd,"),
}


def upgrade() -> None:
    _drop_views()
    for table, columns in ADDED.items():
        for column, kind in columns.items():
            op.add_column(table, sa.Column(column, kind, nullable=True))
    for name, (query, more) in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query.format(more=more)}")


def downgrade() -> None:
    _drop_views()
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)
    for name, (query, _) in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query.format(more='')}")


def _drop_views() -> None:
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")
