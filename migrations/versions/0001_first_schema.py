"""The first schema: items to ratings, the task ledger, and the views that users query.

Revision: 0001, the first
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

VIEWS = {
    "v_items": """
        SELECT id AS item_id, kind, title, creator, year, licence, uri, sha256, format, bytes,
               seconds, rate, channels, width, height, created_at
        FROM items
    """,
    "v_captions": """
        SELECT i.id AS item_id, i.kind, i.title, f.position, c.text, c.words, c.finish_reason,
               r.backend AS captioner, c.id AS caption_id, c.recipe_id
        FROM captions c
        JOIN fragments f ON f.id = c.fragment_id
        JOIN items i ON i.id = f.item_id
        JOIN recipes r ON r.id = c.recipe_id
    """,
    "v_emotions": """
        SELECT i.id AS item_id, i.kind, i.title, f.position, e.red, e.green, e.blue,
               m.backend AS mapper, r.backend AS captioner, e.id AS emotion_id, e.caption_id,
               e.recipe_id
        FROM emotions e
        JOIN captions c ON c.id = e.caption_id
        JOIN fragments f ON f.id = c.fragment_id
        JOIN items i ON i.id = f.item_id
        JOIN recipes m ON m.id = e.recipe_id
        JOIN recipes r ON r.id = c.recipe_id
    """,
    "v_pairs": """
        SELECT p.pairing_id, g.method, g.vector, p.position, p.rank, p.similarity,
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
        JOIN emotions te ON te.id = p.track_emotion_id
        JOIN emotions ae ON ae.id = p.artwork_emotion_id
    """,
    "v_progress": """
        SELECT k.stage, r.kind, r.backend, k.recipe_id,
               SUM(CASE WHEN k.state = 'ready' THEN 1 ELSE 0 END) AS ready,
               SUM(CASE WHEN k.state = 'leased' THEN 1 ELSE 0 END) AS leased,
               SUM(CASE WHEN k.state = 'done' THEN 1 ELSE 0 END) AS done,
               SUM(CASE WHEN k.state = 'failed' THEN 1 ELSE 0 END) AS failed,
               SUM(CASE WHEN k.state = 'dead' THEN 1 ELSE 0 END) AS dead
        FROM tasks k
        JOIN recipes r ON r.id = k.recipe_id
        GROUP BY k.stage, r.kind, r.backend, k.recipe_id
    """,
}


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("name", name=op.f("uq_collections_name")),
    )
    op.create_table(
        "items",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("creator", sa.Text(), nullable=True),
        sa.Column("year", sa.String(length=40), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("format", sa.String(length=20), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("modified", sa.Float(precision=53), nullable=True),
        sa.Column("seconds", sa.Float(precision=53), nullable=True),
        sa.Column("rate", sa.Integer(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('track', 'artwork')", name=op.f("ck_items_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("sha256", name=op.f("uq_items_sha256")),
    )
    op.create_index("ix_items_kind_id", "items", ["kind", "id"], unique=False)
    op.create_table(
        "recipes",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("backend", sa.String(length=100), nullable=False),
        sa.Column("revision", sa.String(length=100), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("input_id", ID, nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('track', 'artwork')", name=op.f("ck_recipes_kind")),
        sa.CheckConstraint(
            "role IN ('captioner', 'mapper', 'embedder')", name=op.f("ck_recipes_role")
        ),
        sa.ForeignKeyConstraint(["input_id"], ["recipes.id"], name=op.f("fk_recipes_input_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipes")),
        sa.UniqueConstraint("digest", name=op.f("uq_recipes_digest")),
    )
    op.create_index(op.f("ix_recipes_input_id"), "recipes", ["input_id"], unique=False)
    op.create_table(
        "rejections",
        sa.Column("id", ID, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejections")),
        sa.UniqueConstraint("path", name=op.f("uq_rejections_path")),
    )
    op.create_table(
        "collection_items",
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_collection_items_collection_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_collection_items_item_id")
        ),
        sa.PrimaryKeyConstraint("collection_id", "item_id", name=op.f("pk_collection_items")),
    )
    op.create_index(
        op.f("ix_collection_items_item_id"), "collection_items", ["item_id"], unique=False
    )
    op.create_table(
        "fragments",
        sa.Column("id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.CheckConstraint("position BETWEEN 0 AND 4", name=op.f("ck_fragments_position")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_fragments_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fragments")),
        sa.UniqueConstraint("item_id", "position", name=op.f("uq_fragments_item_id_position")),
    )
    op.create_table(
        "labels",
        sa.Column("id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("dimension", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint("(value IS NULL) <> (category IS NULL)", name=op.f("ck_labels_value")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_labels_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint(
            "item_id", "name", "dimension", name=op.f("uq_labels_item_id_name_dimension")
        ),
    )
    op.create_table(
        "pairings",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("profile", sa.String(length=100), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("vector", sa.String(length=20), nullable=False),
        sa.Column("metric", sa.String(length=20), nullable=False),
        sa.Column("track_recipe_id", ID, nullable=False),
        sa.Column("artwork_recipe_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("unpaired_tracks", sa.Integer(), nullable=False),
        sa.Column("unpaired_artworks", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Float(precision=53), nullable=False),
        sa.Column("minimum", sa.Float(precision=53), nullable=False),
        sa.Column("maximum", sa.Float(precision=53), nullable=False),
        sa.Column("null_mean", sa.Float(precision=53), nullable=False),
        sa.Column("null_sd", sa.Float(precision=53), nullable=True),
        sa.Column("z", sa.Float(precision=53), nullable=True),
        sa.Column("gap", sa.Float(precision=53), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "method IN ('greedy', 'sequential', 'optimal')", name=op.f("ck_pairings_method")
        ),
        sa.CheckConstraint("metric IN ('cosine', 'euclidean')", name=op.f("ck_pairings_metric")),
        sa.CheckConstraint(
            "vector IN ('whole', 'fragments', 'concatenated')", name=op.f("ck_pairings_vector")
        ),
        sa.ForeignKeyConstraint(
            ["artwork_recipe_id"], ["recipes.id"], name=op.f("fk_pairings_artwork_recipe_id")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["pairings.id"], name=op.f("fk_pairings_parent_id")),
        sa.ForeignKeyConstraint(
            ["track_recipe_id"], ["recipes.id"], name=op.f("fk_pairings_track_recipe_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairings")),
        sa.UniqueConstraint("digest", name=op.f("uq_pairings_digest")),
    )
    op.create_index(
        op.f("ix_pairings_artwork_recipe_id"), "pairings", ["artwork_recipe_id"], unique=False
    )
    op.create_index(op.f("ix_pairings_parent_id"), "pairings", ["parent_id"], unique=False)
    op.create_index(
        op.f("ix_pairings_track_recipe_id"), "pairings", ["track_recipe_id"], unique=False
    )
    op.create_table(
        "workers",
        sa.Column("id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_started", sa.Float(precision=53), nullable=False),
        sa.Column("recipe_id", ID, nullable=True),
        sa.Column("heartbeat", sa.Float(precision=53), nullable=False),
        sa.Column("stopped", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["workers.id"], name=op.f("fk_workers_parent_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipes.id"], name=op.f("fk_workers_recipe_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_parent_id"), "workers", ["parent_id"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", ID, nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("recipe_id", ID, nullable=False),
        sa.Column("fragment_id", ID, nullable=False),
        sa.Column("state", sa.String(length=10), server_default="ready", nullable=False),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.Column("worker_id", ID, nullable=True),
        sa.Column("lease_until", sa.Float(precision=53), nullable=True),
        sa.Column("not_before", sa.Float(precision=53), nullable=True),
        sa.Column("lease_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("finished", sa.Float(precision=53), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint("(state = 'leased') = (token IS NOT NULL)", name=op.f("ck_tasks_token")),
        sa.CheckConstraint("stage IN ('caption', 'emotion', 'embed')", name=op.f("ck_tasks_stage")),
        sa.CheckConstraint(
            "state IN ('ready', 'leased', 'done', 'failed', 'dead')", name=op.f("ck_tasks_state")
        ),
        sa.ForeignKeyConstraint(
            ["fragment_id"], ["fragments.id"], name=op.f("fk_tasks_fragment_id")
        ),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipes.id"], name=op.f("fk_tasks_recipe_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_tasks_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint(
            "recipe_id", "fragment_id", name=op.f("uq_tasks_recipe_id_fragment_id")
        ),
    )
    op.create_index(
        "ix_tasks_failed",
        "tasks",
        ["not_before"],
        unique=False,
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(op.f("ix_tasks_fragment_id"), "tasks", ["fragment_id"], unique=False)
    op.create_index(
        "ix_tasks_leased",
        "tasks",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_tasks_ready",
        "tasks",
        ["recipe_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_table(
        "captions",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("recipe_id", ID, nullable=False),
        sa.Column("fragment_id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("finish_reason", sa.String(length=10), nullable=False),
        sa.Column("measurements", sa.JSON(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "finish_reason IN ('stop', 'length')", name=op.f("ck_captions_finish_reason")
        ),
        sa.CheckConstraint("words >= 0", name=op.f("ck_captions_words")),
        sa.ForeignKeyConstraint(
            ["fragment_id"], ["fragments.id"], name=op.f("fk_captions_fragment_id")
        ),
        sa.ForeignKeyConstraint(["id"], ["tasks.id"], name=op.f("fk_captions_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipes.id"], name=op.f("fk_captions_recipe_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_captions")),
        sa.UniqueConstraint(
            "recipe_id", "fragment_id", name=op.f("uq_captions_recipe_id_fragment_id")
        ),
    )
    op.create_index(op.f("ix_captions_fragment_id"), "captions", ["fragment_id"], unique=False)
    op.create_table(
        "embeddings",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("recipe_id", ID, nullable=False),
        sa.Column("fragment_id", ID, nullable=False),
        sa.Column("caption_id", ID, nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "width > 0 AND length(vector) = 4 * width", name=op.f("ck_embeddings_vector")
        ),
        sa.ForeignKeyConstraint(
            ["caption_id"], ["captions.id"], name=op.f("fk_embeddings_caption_id")
        ),
        sa.ForeignKeyConstraint(
            ["fragment_id"], ["fragments.id"], name=op.f("fk_embeddings_fragment_id")
        ),
        sa.ForeignKeyConstraint(["id"], ["tasks.id"], name=op.f("fk_embeddings_id")),
        sa.ForeignKeyConstraint(
            ["recipe_id"], ["recipes.id"], name=op.f("fk_embeddings_recipe_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embeddings")),
    )
    op.create_index(op.f("ix_embeddings_caption_id"), "embeddings", ["caption_id"], unique=False)
    op.create_index(op.f("ix_embeddings_fragment_id"), "embeddings", ["fragment_id"], unique=False)
    op.create_table(
        "emotions",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("recipe_id", ID, nullable=False),
        sa.Column("caption_id", ID, nullable=False),
        sa.Column("red", sa.Integer(), nullable=False),
        sa.Column("green", sa.Integer(), nullable=False),
        sa.Column("blue", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint("blue BETWEEN 0 AND 255", name=op.f("ck_emotions_blue")),
        sa.CheckConstraint("green BETWEEN 0 AND 255", name=op.f("ck_emotions_green")),
        sa.CheckConstraint("red BETWEEN 0 AND 255", name=op.f("ck_emotions_red")),
        sa.ForeignKeyConstraint(
            ["caption_id"], ["captions.id"], name=op.f("fk_emotions_caption_id")
        ),
        sa.ForeignKeyConstraint(["id"], ["tasks.id"], name=op.f("fk_emotions_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipes.id"], name=op.f("fk_emotions_recipe_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emotions")),
        sa.UniqueConstraint(
            "recipe_id", "caption_id", name=op.f("uq_emotions_recipe_id_caption_id")
        ),
    )
    op.create_index(op.f("ix_emotions_caption_id"), "emotions", ["caption_id"], unique=False)
    op.create_table(
        "pairs",
        sa.Column("id", ID, nullable=False),
        sa.Column("pairing_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("similarity", sa.Float(precision=53), nullable=False),
        sa.Column("track_id", ID, nullable=False),
        sa.Column("artwork_id", ID, nullable=False),
        sa.Column("track_emotion_id", ID, nullable=False),
        sa.Column("artwork_emotion_id", ID, nullable=False),
        sa.CheckConstraint("position BETWEEN 0 AND 4", name=op.f("ck_pairs_position")),
        sa.CheckConstraint("rank >= 1", name=op.f("ck_pairs_rank")),
        sa.CheckConstraint("similarity BETWEEN -1 AND 1", name=op.f("ck_pairs_similarity")),
        sa.ForeignKeyConstraint(
            ["artwork_emotion_id"], ["emotions.id"], name=op.f("fk_pairs_artwork_emotion_id")
        ),
        sa.ForeignKeyConstraint(["artwork_id"], ["items.id"], name=op.f("fk_pairs_artwork_id")),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairings.id"], name=op.f("fk_pairs_pairing_id")),
        sa.ForeignKeyConstraint(
            ["track_emotion_id"], ["emotions.id"], name=op.f("fk_pairs_track_emotion_id")
        ),
        sa.ForeignKeyConstraint(["track_id"], ["items.id"], name=op.f("fk_pairs_track_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairs")),
        sa.UniqueConstraint(
            "pairing_id",
            "position",
            "artwork_id",
            name=op.f("uq_pairs_pairing_id_position_artwork_id"),
        ),
        sa.UniqueConstraint(
            "pairing_id", "position", "rank", name=op.f("uq_pairs_pairing_id_position_rank")
        ),
        sa.UniqueConstraint(
            "pairing_id", "position", "track_id", name=op.f("uq_pairs_pairing_id_position_track_id")
        ),
    )
    op.create_index(
        op.f("ix_pairs_artwork_emotion_id"), "pairs", ["artwork_emotion_id"], unique=False
    )
    op.create_index(op.f("ix_pairs_artwork_id"), "pairs", ["artwork_id"], unique=False)
    op.create_index(op.f("ix_pairs_track_emotion_id"), "pairs", ["track_emotion_id"], unique=False)
    op.create_index(op.f("ix_pairs_track_id"), "pairs", ["track_id"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("id", ID, nullable=False),
        sa.Column("pair_id", ID, nullable=False),
        sa.Column("rater", sa.String(length=100), nullable=False),
        sa.Column("congruence", sa.Integer(), nullable=True),
        sa.Column("preferred", sa.String(length=10), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Float(precision=53), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint("preferred IN ('pair', 'random')", name=op.f("ck_ratings_preferred")),
        sa.CheckConstraint("congruence BETWEEN 1 AND 5", name=op.f("ck_ratings_congruence")),
        sa.CheckConstraint(
            "congruence IS NOT NULL OR preferred IS NOT NULL", name=op.f("ck_ratings_answer")
        ),
        sa.ForeignKeyConstraint(["pair_id"], ["pairs.id"], name=op.f("fk_ratings_pair_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("pair_id", "rater", name=op.f("uq_ratings_pair_id_rater")),
    )
    op.create_table(
        "scores",
        sa.Column("id", ID, nullable=False),
        sa.Column("metric", sa.String(length=60), nullable=False),
        sa.Column("pair_id", ID, nullable=True),
        sa.Column("caption_id", ID, nullable=True),
        sa.Column("recipe_id", ID, nullable=True),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(pair_id IS NULL) <> (caption_id IS NULL)", name=op.f("ck_scores_subject")
        ),
        sa.ForeignKeyConstraint(["caption_id"], ["captions.id"], name=op.f("fk_scores_caption_id")),
        sa.ForeignKeyConstraint(["pair_id"], ["pairs.id"], name=op.f("fk_scores_pair_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipes.id"], name=op.f("fk_scores_recipe_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scores")),
        sa.UniqueConstraint(
            "metric", "caption_id", "recipe_id", name=op.f("uq_scores_metric_caption_id_recipe_id")
        ),
        sa.UniqueConstraint(
            "metric", "pair_id", "recipe_id", name=op.f("uq_scores_metric_pair_id_recipe_id")
        ),
    )
    op.create_index(op.f("ix_scores_caption_id"), "scores", ["caption_id"], unique=False)
    op.create_index(op.f("ix_scores_pair_id"), "scores", ["pair_id"], unique=False)
    op.create_index(op.f("ix_scores_recipe_id"), "scores", ["recipe_id"], unique=False)
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    for name in (
        "scores",
        "ratings",
        "pairs",
        "emotions",
        "embeddings",
        "captions",
        "tasks",
        "workers",
        "pairings",
        "labels",
        "fragments",
        "collection_items",
        "rejections",
        "recipes",
        "items",
        "collections",
    ):
        op.drop_table(name)
