"""how fast a run gets on of late"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.add_column("run", sa.Column("going_since", sa.Float(), nullable=True))
    op.add_column("lane", sa.Column("beats", text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("lane", schema=None) as batch_op:
        batch_op.drop_column("beats")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_column("going_since")
