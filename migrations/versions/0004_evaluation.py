"""Evaluation: other spaces to pair in, labelled pairs, results that were published without media.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

EMOTIONS = """
    SELECT i.id AS item_id, i.kind, i.title, f.position, e.red, e.green, e.blue,
           e.samples, e.red_sd, e.green_sd, e.blue_sd,
           m.backend AS mapper, r.backend AS captioner, e.id AS emotion_id, e.caption_id,
           e.recipe_id
    FROM emotions e
    {captions} JOIN captions c ON c.id = e.caption_id
    JOIN fragments f ON f.id = {fragment}
    JOIN items i ON i.id = f.item_id
    JOIN recipes m ON m.id = e.recipe_id
    {captions} JOIN recipes r ON r.id = c.recipe_id
"""
PAIRS = """
    SELECT p.pairing_id, g.method, g.vector, {more} p.position, p.rank, p.similarity,
           p.track_id, t.title AS track_title, t.creator AS track_creator, t.uri AS track_uri,
           te.red AS track_red, te.green AS track_green, te.blue AS track_blue,
           p.artwork_id, a.title AS artwork_title, a.creator AS artwork_creator,
           a.uri AS artwork_uri,
           ae.red AS artwork_red, ae.green AS artwork_green, ae.blue AS artwork_blue,
           p.id AS pair_id
    FROM pairs p
    JOIN pairings g ON g.id = p.pairing_id
    JOIN items t ON t.id = p.track_id
    JOIN items a ON a.id = p.artwork_id
    {emotions} JOIN emotions te ON te.id = p.track_emotion_id
    {emotions} JOIN emotions ae ON ae.id = p.artwork_emotion_id
"""
LABELS = """
    SELECT i.id AS item_id, i.kind, i.title, l.name, l.dimension, l.value, l.category,
           l.id AS label_id
    FROM labels l
    JOIN items i ON i.id = l.item_id
"""
RATINGS = """
    SELECT p.pairing_id, g.method, p.position, p.rank, p.track_id, t.title AS track_title,
           p.artwork_id, a.title AS artwork_title, r.rater, r.congruence, r.preferred,
           r.other_artwork_id, o.title AS other_artwork_title, r.comment, r.seconds,
           r.created_at, p.id AS pair_id, r.id AS rating_id
    FROM ratings r
    JOIN pairs p ON p.id = r.pair_id
    JOIN pairings g ON g.id = p.pairing_id
    JOIN items t ON t.id = p.track_id
    JOIN items a ON a.id = p.artwork_id
    LEFT JOIN items o ON o.id = r.other_artwork_id
"""
NEW_VIEWS = {
    "v_emotions": EMOTIONS.format(
        captions="LEFT", fragment="COALESCE(e.fragment_id, c.fragment_id)"
    ),
    "v_pairs": PAIRS.format(more="g.metric, g.space,", emotions="LEFT"),
    "v_labels": LABELS,
    "v_ratings": RATINGS,
}
OLD_VIEWS = {
    "v_emotions": EMOTIONS.format(captions="", fragment="c.fragment_id"),
    "v_pairs": PAIRS.format(more="", emotions=""),
}

METHODS = "method IN ('greedy', 'sequential', 'optimal'{})"
SPACES = "space IN ('emotion', 'imagebind', 'captions')"
EMBEDDING = (
    "(track_embedding_recipe_id IS NULL) = (space = 'emotion')"
    " AND (artwork_embedding_recipe_id IS NULL) = (space = 'emotion')"
)
SCORED = (
    "(pair_id IS NOT NULL AND caption_id IS NULL AND item_id IS NULL)"
    " OR (pair_id IS NULL AND caption_id IS NOT NULL AND item_id IS NULL)"
    " OR (pair_id IS NULL AND caption_id IS NULL AND item_id IS NOT NULL)"
)


def upgrade() -> None:
    _drop_views(OLD_VIEWS)
    with op.batch_alter_table("emotions") as batch:
        batch.alter_column("caption_id", existing_type=ID, nullable=True)
        batch.add_column(sa.Column("fragment_id", ID, nullable=True))
        _refer(batch, "emotions", "fragment_id", "fragments")
        batch.create_check_constraint(
            op.f("ck_emotions_subject"), "(caption_id IS NULL) <> (fragment_id IS NULL)"
        )
        batch.create_unique_constraint(
            op.f("uq_emotions_recipe_id_fragment_id"), ["recipe_id", "fragment_id"]
        )
    op.create_index(op.f("ix_emotions_fragment_id"), "emotions", ["fragment_id"])
    with op.batch_alter_table("pairings") as batch:
        batch.add_column(
            sa.Column("space", sa.String(length=20), nullable=False, server_default="emotion")
        )
        for kind in ("track", "artwork"):
            batch.add_column(sa.Column(f"{kind}_embedding_recipe_id", ID, nullable=True))
            _refer(batch, "pairings", f"{kind}_embedding_recipe_id", "recipes")
        batch.alter_column("null_mean", existing_type=sa.Float(precision=53), nullable=True)
        batch.drop_constraint(op.f("ck_pairings_method"), type_="check")
        batch.create_check_constraint(op.f("ck_pairings_method"), METHODS.format(", 'random'"))
        batch.create_check_constraint(op.f("ck_pairings_space"), SPACES)
        batch.create_check_constraint(op.f("ck_pairings_embedding"), EMBEDDING)
    with op.batch_alter_table("pairs") as batch:
        for kind in ("track", "artwork"):
            batch.alter_column(f"{kind}_emotion_id", existing_type=ID, nullable=True)
    with op.batch_alter_table("scores") as batch:
        batch.add_column(sa.Column("item_id", ID, nullable=True))
        _refer(batch, "scores", "item_id", "items")
        batch.drop_constraint(op.f("ck_scores_subject"), type_="check")
        batch.create_check_constraint(op.f("ck_scores_subject"), SCORED)
        batch.create_unique_constraint(
            op.f("uq_scores_metric_item_id_recipe_id"), ["metric", "item_id", "recipe_id"]
        )
    op.create_index(op.f("ix_scores_item_id"), "scores", ["item_id"])
    with op.batch_alter_table("ratings") as batch:
        batch.add_column(sa.Column("other_artwork_id", ID, nullable=True))
        _refer(batch, "ratings", "other_artwork_id", "items")
    op.create_index("ix_labels_name", "labels", ["name"])
    _create_label_pairs()
    _create_views(NEW_VIEWS)


def downgrade() -> None:
    _drop_views(NEW_VIEWS)
    op.drop_table("label_pairs")
    op.drop_index("ix_labels_name", "labels")
    with op.batch_alter_table("ratings") as batch:
        batch.drop_constraint(op.f("fk_ratings_other_artwork_id"), type_="foreignkey")
        batch.drop_column("other_artwork_id")
    _forget()
    op.drop_index(op.f("ix_scores_item_id"), "scores")
    with op.batch_alter_table("scores") as batch:
        batch.drop_constraint(op.f("uq_scores_metric_item_id_recipe_id"), type_="unique")
        batch.drop_constraint(op.f("ck_scores_subject"), type_="check")
        batch.drop_constraint(op.f("fk_scores_item_id"), type_="foreignkey")
        batch.drop_column("item_id")
        batch.create_check_constraint(
            op.f("ck_scores_subject"), "(pair_id IS NULL) <> (caption_id IS NULL)"
        )
    with op.batch_alter_table("pairs") as batch:
        for kind in ("track", "artwork"):
            batch.alter_column(f"{kind}_emotion_id", existing_type=ID, nullable=False)
    with op.batch_alter_table("pairings") as batch:
        batch.drop_constraint(op.f("ck_pairings_embedding"), type_="check")
        batch.drop_constraint(op.f("ck_pairings_space"), type_="check")
        batch.drop_constraint(op.f("ck_pairings_method"), type_="check")
        batch.create_check_constraint(op.f("ck_pairings_method"), METHODS.format(""))
        batch.alter_column("null_mean", existing_type=sa.Float(precision=53), nullable=False)
        for kind in ("artwork", "track"):
            name = f"{kind}_embedding_recipe_id"
            batch.drop_constraint(op.f(f"fk_pairings_{name}"), type_="foreignkey")
            batch.drop_column(name)
        batch.drop_column("space")
    op.drop_index(op.f("ix_emotions_fragment_id"), "emotions")
    with op.batch_alter_table("emotions") as batch:
        batch.drop_constraint(op.f("uq_emotions_recipe_id_fragment_id"), type_="unique")
        batch.drop_constraint(op.f("ck_emotions_subject"), type_="check")
        batch.drop_constraint(op.f("fk_emotions_fragment_id"), type_="foreignkey")
        batch.drop_column("fragment_id")
        batch.alter_column("caption_id", existing_type=ID, nullable=False)
    _create_views(OLD_VIEWS)


def _forget() -> None:
    """Remove what the earlier schema has no place for."""
    for statement in (
        (
            "CREATE TABLE strange AS SELECT id FROM pairings WHERE space <> 'emotion'"
            " OR method = 'random' OR null_mean IS NULL OR id IN (SELECT pairing_id FROM pairs"
            " WHERE track_emotion_id IS NULL OR artwork_emotion_id IS NULL"
            " OR track_emotion_id IN (SELECT id FROM emotions WHERE caption_id IS NULL)"
            " OR artwork_emotion_id IN (SELECT id FROM emotions WHERE caption_id IS NULL))"
        ),
        (
            "CREATE TABLE strange_pairs AS SELECT id FROM pairs"
            " WHERE pairing_id IN (SELECT id FROM strange)"
        ),
        "DELETE FROM scores WHERE item_id IS NOT NULL OR pair_id IN (SELECT id FROM strange_pairs)",
        "DELETE FROM ratings WHERE pair_id IN (SELECT id FROM strange_pairs)",
        "DELETE FROM evaluations WHERE pairing_id IN (SELECT id FROM strange)",
        "DELETE FROM tasks WHERE pairing_id IN (SELECT id FROM strange)",
        "DELETE FROM pairs WHERE pairing_id IN (SELECT id FROM strange)",
        "DELETE FROM pairings WHERE id IN (SELECT id FROM strange)",
        "DELETE FROM emotions WHERE caption_id IS NULL",
        "DROP TABLE strange_pairs",
        "DROP TABLE strange",
    ):
        op.execute(statement)


def _create_label_pairs() -> None:
    op.create_table(
        "label_pairs",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("track_id", ID, nullable=False),
        sa.Column("artwork_id", ID, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["track_id"], ["items.id"], name=op.f("fk_label_pairs_track_id")),
        sa.ForeignKeyConstraint(
            ["artwork_id"], ["items.id"], name=op.f("fk_label_pairs_artwork_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_pairs")),
        sa.UniqueConstraint(
            "name", "track_id", "artwork_id", name=op.f("uq_label_pairs_name_track_id_artwork_id")
        ),
    )
    for kind in ("track", "artwork"):
        op.create_index(op.f(f"ix_label_pairs_{kind}_id"), "label_pairs", [f"{kind}_id"])


def _refer(batch: op.BatchOperations, table: str, column: str, target: str) -> None:
    batch.create_foreign_key(op.f(f"fk_{table}_{column}"), target, [column], ["id"])


def _create_views(views: dict[str, str]) -> None:
    for name, query in views.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def _drop_views(views: dict[str, str]) -> None:
    for name in views:
        op.execute(f"DROP VIEW {name}")
