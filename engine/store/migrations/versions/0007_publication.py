"""drawings that wait for a second person"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_id", text(), nullable=False),
        sa.Column("text", text(), nullable=False),
        sa.Column("bindings", text(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("note", text(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("asked_by", text(), nullable=False),
        sa.Column("asked_email", text(), nullable=False),
        sa.Column("decided_by", text(), nullable=False),
        sa.Column("decided_at", sa.Float(), nullable=True),
        sa.Column("comment", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.create_index("publication_open", ["state", "flow_id"], unique=False)


def downgrade() -> None:
    op.drop_table("publication")
