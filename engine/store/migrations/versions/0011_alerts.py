"""what people are told of"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("flow_id", text(), nullable=False),
        sa.Column("cause", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("title", text(), nullable=False),
        sa.Column("text", text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("task_run", text(), nullable=True),
        sa.Column("done_run", text(), nullable=True),
        sa.Column("opened_at", sa.Float(), nullable=False),
        sa.Column("closed_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flow_id", "kind", "cause", "number"),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index("ix_alert_state", ["state"], unique=False)


def downgrade() -> None:
    op.drop_table("alert")
