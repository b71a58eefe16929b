"""deletes in the write budget, and who believes a sweep"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    with op.batch_alter_table("spending", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deletes", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("swept_by", text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("spending", schema=None) as batch_op:
        batch_op.drop_column("swept_by")
        batch_op.drop_column("deletes")
