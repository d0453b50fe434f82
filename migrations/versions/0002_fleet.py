"""The fleet: pairings and evaluations as tasks, and what workers say of themselves.

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SUBJECT = (
    "(stage IN ('pair', 'evaluate')) = (request IS NOT NULL)"
    " AND (request IS NULL) = (digest IS NULL)"
    " AND (request IS NULL) = (recipe_id IS NOT NULL)"
    " AND (request IS NULL) = (fragment_id IS NOT NULL)"
)

PROGRESS = """
    SELECT k.stage, r.kind, r.backend, k.recipe_id,
           SUM(CASE WHEN k.state = 'ready' THEN 1 ELSE 0 END) AS ready,
           SUM(CASE WHEN k.state = 'leased' THEN 1 ELSE 0 END) AS leased,
           SUM(CASE WHEN k.state = 'done' THEN 1 ELSE 0 END) AS done,
           SUM(CASE WHEN k.state = 'failed' THEN 1 ELSE 0 END) AS failed,
           SUM(CASE WHEN k.state = 'dead' THEN 1 ELSE 0 END) AS dead
    FROM tasks k
    {join} JOIN recipes r ON r.id = k.recipe_id
    GROUP BY k.stage, r.kind, r.backend, k.recipe_id
"""


def upgrade() -> None:
    op.execute("DROP VIEW v_progress")  # SQLite copies the table, and a view must not look on
    with op.batch_alter_table("tasks") as batch:
        batch.add_column(sa.Column("request", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("digest", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("pairing_id", ID, nullable=True))
        batch.alter_column("recipe_id", existing_type=ID, nullable=True)
        batch.alter_column("fragment_id", existing_type=ID, nullable=True)
        batch.create_foreign_key(op.f("fk_tasks_pairing_id"), "pairings", ["pairing_id"], ["id"])
        batch.drop_constraint(op.f("ck_tasks_stage"), type_="check")
        batch.create_check_constraint(
            op.f("ck_tasks_stage"),
            "stage IN ('caption', 'emotion', 'embed', 'pair', 'evaluate')",
        )
        batch.create_check_constraint(op.f("ck_tasks_subject"), SUBJECT)
    op.create_index(op.f("ix_tasks_pairing_id"), "tasks", ["pairing_id"])
    op.create_index(
        "uq_tasks_digest",
        "tasks",
        ["digest"],
        unique=True,
        sqlite_where=sa.text("digest IS NOT NULL"),
        postgresql_where=sa.text("digest IS NOT NULL"),
    )
    _add_to_workers()
    op.create_table(
        "evaluations",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("pairing_id", ID, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["id"], ["tasks.id"], name=op.f("fk_evaluations_id")),
        sa.ForeignKeyConstraint(
            ["pairing_id"], ["pairings.id"], name=op.f("fk_evaluations_pairing_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
    op.create_index(op.f("ix_evaluations_pairing_id"), "evaluations", ["pairing_id"])
    op.execute(f"CREATE VIEW v_progress AS {PROGRESS.format(join='LEFT')}")


def _add_to_workers() -> None:
    number = {"nullable": False, "server_default": "0"}
    for column in (
        sa.Column("namespace", sa.String(length=40), nullable=True),
        sa.Column("queues", sa.JSON(), nullable=True),
        sa.Column("unable", sa.JSON(), nullable=True),
        sa.Column("tasks_done", sa.BigInteger(), **number),
        sa.Column("tasks_failed", sa.BigInteger(), **number),
        sa.Column("batches", sa.BigInteger(), **number),
        sa.Column("batch_seconds", sa.Float(precision=53), **number),
    ):
        op.add_column("workers", column)


def downgrade() -> None:
    op.execute("DROP VIEW v_progress")
    op.drop_table("evaluations")
    with op.batch_alter_table("workers") as batch:
        for name in (
            "batch_seconds",
            "batches",
            "tasks_failed",
            "tasks_done",
            "unable",
            "queues",
            "namespace",
        ):
            batch.drop_column(name)
    op.execute("DELETE FROM tasks WHERE request IS NOT NULL")
    op.drop_index("uq_tasks_digest", "tasks")
    op.drop_index(op.f("ix_tasks_pairing_id"), "tasks")
    with op.batch_alter_table("tasks") as batch:
        batch.drop_constraint(op.f("ck_tasks_subject"), type_="check")
        batch.drop_constraint(op.f("ck_tasks_stage"), type_="check")
        batch.create_check_constraint(
            op.f("ck_tasks_stage"), "stage IN ('caption', 'emotion', 'embed')"
        )
        batch.drop_constraint(op.f("fk_tasks_pairing_id"), type_="foreignkey")
        batch.alter_column("fragment_id", existing_type=ID, nullable=False)
        batch.alter_column("recipe_id", existing_type=ID, nullable=False)
        for name in ("pairing_id", "digest", "request"):
            batch.drop_column(name)
    op.execute(f"CREATE VIEW v_progress AS {PROGRESS.format(join='')}")
