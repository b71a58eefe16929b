"""when a cross reference was stored, by the clock that nobody sets"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cross_reference", sa.Column("stored_at", sa.Float(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("cross_reference", schema=None) as batch_op:
        batch_op.drop_column("stored_at")
