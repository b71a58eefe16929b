"""of which kind and system the source object is that has a match key"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_OF_THE_CREATE = (
    "UPDATE match_claim SET {name} = COALESCE((SELECT cross_reference.{name} FROM cross_reference"
    " WHERE cross_reference.right_connection = match_claim.right_connection"
    " AND cross_reference.right_entity = match_claim.right_entity"
    " AND cross_reference.left_id = match_claim.left_id AND cross_reference.claim = match_claim.claim"
    " ORDER BY cross_reference.id LIMIT 1), '')"
)


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    # for as long as this takes: without it each claim would look through all references
    op.create_index("whose_key", "cross_reference", ["left_id", "claim"])
    for name in ("left_connection", "left_entity"):
        op.add_column("match_claim", sa.Column(name, text, nullable=False, server_default=""))
        op.execute(_OF_THE_CREATE.format(name=name))
    op.drop_index("whose_key", "cross_reference")


def downgrade() -> None:
    with op.batch_alter_table("match_claim", schema=None) as batch_op:
        batch_op.drop_column("left_entity")
        batch_op.drop_column("left_connection")
