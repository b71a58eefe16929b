"""write budgets, plans that are executed, failures by cause, connections that are shut"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "spending",
        sa.Column("run_id", text(), nullable=False),
        sa.Column("creates", sa.Integer(), nullable=False),
        sa.Column("updates", sa.Integer(), nullable=False),
        sa.Column("amount", text(), nullable=False),
        sa.Column("lifted_by", text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "spent",
        sa.Column("run_id", text(), nullable=False),
        sa.Column("node", text(), nullable=False),
        sa.Column("source", text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("run_id", "node", "source"),
    )
    op.create_table(
        "failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("node", text(), nullable=False),
        sa.Column("key", text(), nullable=False),
        sa.Column("root", text(), nullable=False),
        sa.Column("title", text(), nullable=False),
        sa.Column("code", text(), nullable=False),
        sa.Column("message", text(), nullable=False),
        sa.Column("cure", text(), nullable=False),
        sa.Column("field", text(), nullable=True),
        sa.Column("sentence", text(), nullable=False),
        sa.Column("cause", text(), nullable=False),
        sa.Column("amount", text(), nullable=False),
        sa.Column("currency", text(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("ended_by", text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("failure", schema=None) as batch_op:
        batch_op.create_index("failure_open", ["state", "cause"], unique=False)
        batch_op.create_index("failure_root", ["flow_id", "state", "root"], unique=False)
    op.create_table(
        "cause_care",
        sa.Column("cause", text(), nullable=False),
        sa.Column("assignee", text(), nullable=False),
        sa.Column("snoozed_until", sa.Float(), nullable=True),
        sa.Column("changed_by", text(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("cause"),
    )
    op.create_table(
        "outage",
        sa.Column("connection_id", text(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("code", text(), nullable=False),
        sa.Column("message", text(), nullable=False),
        sa.Column("cure", text(), nullable=False),
        sa.Column("next_try", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id"),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("plan_id", text(), nullable=True))
        batch_op.create_index("ix_run_plan_id", ["plan_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index("ix_run_plan_id")
        batch_op.drop_column("plan_id")
    for table in ("outage", "cause_care", "failure", "spent"):
        op.drop_table(table)
    op.drop_table("spending")
