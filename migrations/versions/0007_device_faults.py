"""How often a device failed while a task was held.

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tasks", sa.Column("device_faults", sa.Integer, nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("tasks", "device_faults")
