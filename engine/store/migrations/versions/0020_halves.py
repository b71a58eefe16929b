"""under whose name the half of a batch claims, and when a lane was last taken over"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staged_batch", sa.Column("stem", sa.Integer(), nullable=True))
    op.add_column("lane", sa.Column("taken_at", sa.Float(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("lane", schema=None) as batch_op:
        batch_op.drop_column("taken_at")
    with op.batch_alter_table("staged_batch", schema=None) as batch_op:
        batch_op.drop_column("stem")
