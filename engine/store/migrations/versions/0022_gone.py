"""which objects were told as deleted"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    op.create_table(
        "gone",
        sa.Column("flow_id", text, nullable=False),
        sa.Column("connection", text, nullable=False),
        sa.Column("entity", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("run_id", text, nullable=False),
        sa.PrimaryKeyConstraint("flow_id", "connection", "entity", "key"),
    )


def downgrade() -> None:
    op.drop_table("gone")
