"""what a run has used of its write budget, and the plan that a run executes"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0003"
down_revision = "0001"
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
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("plan_id", text(), nullable=True))
        batch_op.create_index("ix_run_plan_id", ["plan_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index("ix_run_plan_id")
        batch_op.drop_column("plan_id")
    op.drop_table("spent")
    op.drop_table("spending")
