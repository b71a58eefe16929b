"""schedules, turns and settling events"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("node", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("wanted", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.Float(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=True),
        sa.Column("last_at", sa.Float(), nullable=True),
        sa.Column("last_run", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("asked", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("message", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flow_id", "node"),
    )
    op.create_index("ix_schedule_next_at", "schedule", ["next_at"], unique=False)
    op.add_column("run", sa.Column("gate", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("run", sa.Column("settles", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.create_index("ix_run_settles", "run", ["settles"], unique=False)
    op.create_index("run_ended", "run", ["flow_id", "ended_at"], unique=False)


def downgrade() -> None:
    op.drop_index("run_ended", "run")
    op.drop_index("ix_run_settles", "run")
    op.drop_column("run", "settles")
    op.drop_column("run", "gate")
    op.drop_table("schedule")
