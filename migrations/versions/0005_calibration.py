"""Pairings of calibrated vectors, with a least similarity, and how alike the weakest pairs are.

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PAIRS = """
    SELECT p.pairing_id, g.method, g.vector, g.metric, g.space, {more} p.position, p.rank,
           p.similarity,
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
    LEFT JOIN emotions te ON te.id = p.track_emotion_id
    LEFT JOIN emotions ae ON ae.id = p.artwork_emotion_id
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
NEW_VIEWS = {"v_pairs": PAIRS.format(more="g.calibrate,"), "v_ratings": RATINGS}
OLD_VIEWS = {"v_pairs": PAIRS.format(more=""), "v_ratings": RATINGS}

# Linear interpolation between the two neighbours of the tenth percentile's place, weighted by how
# near they are; where the place is a whole number, it is one pair alone.
TENTH_PERCENTILE = """
    UPDATE pairings SET tenth_percentile = COALESCE((
        SELECT SUM(near.similarity * (1 - ABS(near.at - near.place)))
        FROM (
            SELECT p.similarity, ROW_NUMBER() OVER (ORDER BY p.similarity) - 1 AS at,
                   (COUNT(*) OVER () - 1) / 10.0 AS place
            FROM pairs p WHERE p.pairing_id = pairings.id
        ) near
        WHERE ABS(near.at - near.place) < 1
    ), minimum)
"""

# What the earlier schema cannot tell from other pairings, and would read as if it were one of them.
FORGET = (
    (
        "CREATE TABLE strange AS SELECT id FROM pairings"
        " WHERE calibrate <> 'none' OR min_similarity IS NOT NULL"
    ),
    (
        "CREATE TABLE strange_pairs AS SELECT id FROM pairs"
        " WHERE pairing_id IN (SELECT id FROM strange)"
    ),
    "DELETE FROM scores WHERE pair_id IN (SELECT id FROM strange_pairs)",
    "DELETE FROM ratings WHERE pair_id IN (SELECT id FROM strange_pairs)",
    "DELETE FROM evaluations WHERE pairing_id IN (SELECT id FROM strange)",
    "DELETE FROM tasks WHERE pairing_id IN (SELECT id FROM strange)",
    "DELETE FROM pairs WHERE pairing_id IN (SELECT id FROM strange)",
    "DELETE FROM pairings WHERE id IN (SELECT id FROM strange)",
    "DROP TABLE strange_pairs",
    "DROP TABLE strange",
)


def upgrade() -> None:
    _drop_views(OLD_VIEWS)
    with op.batch_alter_table("pairings") as batch:
        batch.add_column(
            sa.Column("calibrate", sa.String(length=20), nullable=False, server_default="none")
        )
        batch.add_column(sa.Column("min_similarity", sa.Float(precision=53), nullable=True))
        batch.add_column(sa.Column("below_floor", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("tenth_percentile", sa.Float(precision=53), nullable=True))
        batch.create_check_constraint(
            op.f("ck_pairings_calibrate"), "calibrate IN ('none', 'quantile')"
        )
        batch.create_check_constraint(
            op.f("ck_pairings_calibrated"), "calibrate = 'none' OR space = 'emotion'"
        )
    op.execute(TENTH_PERCENTILE)
    with op.batch_alter_table("pairings") as batch:
        batch.alter_column("tenth_percentile", existing_type=sa.Float(precision=53), nullable=False)
    _create_views(NEW_VIEWS)


def downgrade() -> None:
    _drop_views(NEW_VIEWS)
    for statement in FORGET:
        op.execute(statement)
    with op.batch_alter_table("pairings") as batch:
        batch.drop_constraint(op.f("ck_pairings_calibrated"), type_="check")
        batch.drop_constraint(op.f("ck_pairings_calibrate"), type_="check")
        for name in ("tenth_percentile", "below_floor", "min_similarity", "calibrate"):
            batch.drop_column(name)
    _create_views(OLD_VIEWS)


def _create_views(views: dict[str, str]) -> None:
    for name, query in views.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def _drop_views(views: dict[str, str]) -> None:
    for name in views:
        op.execute(f"DROP VIEW {name}")
