"""where a record was read that waits, or failed"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("hold", "failure"):
        op.add_column(table, sa.Column("origin", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    for table in ("failure", "hold"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("origin")
