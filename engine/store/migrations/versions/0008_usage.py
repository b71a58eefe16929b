"""limits of connections and what is used of them"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "usage",
        sa.Column("connection_id", text(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("flow_id", text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("waited", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "minute", "flow_id"),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("limits", text(), nullable=True))
    with op.batch_alter_table("lane", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_since", sa.Float(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("lane", schema=None) as batch_op:
        batch_op.drop_column("told_since")
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_column("limits")
    op.drop_table("usage")
