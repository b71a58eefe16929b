"""where the records of deliveries came from, and the indexes by which a record's timeline is found"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin_slot", text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("origin_entity", text(), nullable=False, server_default=""))
        batch_op.create_index("delivery_root", ["root"], unique=False)
        batch_op.create_index("delivery_title", ["title"], unique=False)
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index("approval_root", ["root"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index("approval_root")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("delivery_title")
        batch_op.drop_index("delivery_root")
        batch_op.drop_column("origin_entity")
        batch_op.drop_column("origin_slot")
