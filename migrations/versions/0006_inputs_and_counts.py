"""What each pairing was made from, counters of tasks, and indexes of failures and of URIs.

Revision: 0006, after 0005

Going back loses which results each pairing was computed from. When the schema is upgraded again,
they are found by their times, as in schema 0005: to the second, on SQLite.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cmean.catalog.id_runs import build_runs, encode_runs
from cmean.catalog.sql_files import create_count_triggers, read_views

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The recipes of a pairing: its mappers, their captioners, its embedders.
RECIPES = """
    SELECT g.id, 'emotion', r.id FROM pairings g
    JOIN recipes r ON r.id IN (g.track_recipe_id, g.artwork_recipe_id)
    UNION
    SELECT g.id, 'caption', r.input_id FROM pairings g
    JOIN recipes r ON r.id IN (g.track_recipe_id, g.artwork_recipe_id)
    WHERE r.input_id IS NOT NULL
    UNION
    SELECT g.id, 'embedding', r.id FROM pairings g
    JOIN recipes r ON r.id IN (g.track_embedding_recipe_id, g.artwork_embedding_recipe_id)
    ORDER BY 1, 2, 3
"""

# What the earlier schema took for the inputs of a pairing: the results of an earlier or the same
# time stamp. The first and the last id of each run of consecutive ones.
RUNS = {
    result: sa.text(f"""
        SELECT MIN(id), MAX(id)
        FROM (
            SELECT e.id, e.id - ROW_NUMBER() OVER (ORDER BY e.id) AS run
            FROM {table} e JOIN pairings g ON e.created_at <= g.created_at
            WHERE e.recipe_id = :recipe AND g.id = :pairing
        ) numbered
        GROUP BY run ORDER BY 1
    """)  # noqa: S608 - the names of three tables
    for result, table in (
        ("caption", "captions"),
        ("emotion", "emotions"),
        ("embedding", "embeddings"),
    )
}

COUNTS = """
    INSERT INTO task_counts (stage, recipe_id, ready, leased, done, failed, dead)
    SELECT stage, recipe_id,
           SUM(CASE WHEN state = 'ready' THEN 1 ELSE 0 END),
           SUM(CASE WHEN state = 'leased' THEN 1 ELSE 0 END),
           SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END),
           SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END),
           SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END)
    FROM tasks GROUP BY stage, recipe_id
"""

OLD_PROGRESS = """
    CREATE VIEW v_progress AS
    SELECT k.stage, r.kind, r.backend, k.recipe_id,
           SUM(CASE WHEN k.state = 'ready' THEN 1 ELSE 0 END) AS ready,
           SUM(CASE WHEN k.state = 'leased' THEN 1 ELSE 0 END) AS leased,
           SUM(CASE WHEN k.state = 'done' THEN 1 ELSE 0 END) AS done,
           SUM(CASE WHEN k.state = 'failed' THEN 1 ELSE 0 END) AS failed,
           SUM(CASE WHEN k.state = 'dead' THEN 1 ELSE 0 END) AS dead
    FROM tasks k
    LEFT JOIN recipes r ON r.id = k.recipe_id
    GROUP BY k.stage, r.kind, r.backend, k.recipe_id
"""

FAILED = "state IN ('failed', 'dead')"


def upgrade() -> None:
    op.create_table(
        "pairing_inputs",
        sa.Column("pairing_id", ID, nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("recipe_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "result IN ('caption', 'emotion', 'embedding')", name=op.f("ck_pairing_inputs_result")
        ),
        sa.CheckConstraint("number >= 0", name=op.f("ck_pairing_inputs_number")),
        sa.ForeignKeyConstraint(
            ["pairing_id"], ["pairings.id"], name=op.f("fk_pairing_inputs_pairing_id")
        ),
        sa.ForeignKeyConstraint(
            ["recipe_id"], ["recipes.id"], name=op.f("fk_pairing_inputs_recipe_id")
        ),
        sa.PrimaryKeyConstraint("pairing_id", "result", "recipe_id", name="pk_pairing_inputs"),
    )
    _record_inputs()
    op.create_table(
        "task_counts",
        sa.Column("id", ID, nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("recipe_id", ID, nullable=True),
        *(
            sa.Column(state, sa.BigInteger(), server_default="0", nullable=False)
            for state in ("ready", "leased", "done", "failed", "dead")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_counts")),
    )
    op.create_index("ix_task_counts_recipe_id_stage", "task_counts", ["recipe_id", "stage"])
    # In this order: creating the triggers locks the tasks, so nothing is missed or counted twice.
    create_count_triggers(op.get_bind())
    op.execute(COUNTS)
    op.create_index(
        "ix_tasks_failures",
        "tasks",
        ["id"],
        sqlite_where=sa.text(FAILED),
        postgresql_where=sa.text(FAILED),
    )
    op.create_index("ix_items_uri", "items", ["uri"], postgresql_using="hash")
    for name, statement in read_views().items():
        op.execute(f"DROP VIEW {name}")
        op.execute(statement)


def _record_inputs() -> None:
    connection = op.get_bind()
    for pairing, result, recipe in connection.execute(sa.text(RECIPES)).all():
        chosen = {"pairing": pairing, "recipe": recipe}
        runs = build_runs([tuple(row) for row in connection.execute(RUNS[result], chosen)])
        connection.execute(
            sa.text(
                "INSERT INTO pairing_inputs (pairing_id, result, recipe_id, number, ids)"
                " VALUES (:pairing, :result, :recipe, :number, :ids)"
            ),
            {**chosen, "result": result, "number": len(runs), "ids": encode_runs(runs)},
        )


def downgrade() -> None:
    op.execute("DROP VIEW v_progress")
    for name in ("insert", "delete", "update", "truncate", "new_group", "state", "group"):
        _drop_trigger(f"task_counts_{name}")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("inserted_tasks", "deleted_tasks", "updated_tasks", "no_tasks"):
            op.execute(f"DROP FUNCTION cmean_count_{name}()")
    op.execute(OLD_PROGRESS)
    op.drop_index("ix_items_uri", "items")
    op.drop_index("ix_tasks_failures", "tasks")
    op.drop_table("task_counts")
    op.drop_table("pairing_inputs")


def _drop_trigger(name: str) -> None:
    on_table = " ON tasks" if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
