"""answers that set documents free, and who looks after which questions"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_id", text(), nullable=False),
        sa.Column("question_hash", text(), nullable=False),
        sa.Column("do", text(), nullable=False),
        sa.Column("change", text(), nullable=False),
        sa.Column("answer", text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("up_to", sa.Integer(), nullable=False),
        sa.Column("after", text(), nullable=False),
        sa.Column("by", text(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("waited", sa.Integer(), nullable=False),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("runs", text(), nullable=False),
        sa.Column("problems", text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.create_index("release_open", ["state"], unique=False)
        batch_op.create_index("release_question", ["flow_id", "question_hash"], unique=False)
    op.create_table(
        "question_owner",
        sa.Column("flow_id", text(), nullable=False),
        sa.Column("topic", text(), nullable=False),
        sa.Column("owner", text(), nullable=False),
        sa.Column("changed_by", text(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"]),
        sa.PrimaryKeyConstraint("flow_id", "topic"),
    )


def downgrade() -> None:
    op.drop_table("question_owner")
    op.drop_table("release")
