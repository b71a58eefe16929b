"""one claim for a match key"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "match_claim",
        sa.Column("right_connection", text(), nullable=False),
        sa.Column("right_entity", text(), nullable=False),
        sa.Column("digest", text(), nullable=False),
        sa.Column("left_id", text(), nullable=False),
        sa.Column("right_id", text(), nullable=True),
        sa.Column("claim", text(), nullable=False),
        sa.Column("claim_until", sa.Float(), nullable=False),
        sa.Column("taken_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("right_connection", "right_entity", "digest"),
    )
    with op.batch_alter_table("match_claim", schema=None) as batch_op:
        batch_op.create_index("match_claim_until", ["claim_until"], unique=False)


def downgrade() -> None:
    op.drop_table("match_claim")
