"""two-way sync: agreed values, echo marks, conflicts, both sides of a delivery"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    with op.batch_alter_table("cross_reference", schema=None) as batch_op:
        batch_op.add_column(sa.Column("agreed", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("left_echo", text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("right_echo", text(), nullable=False, server_default=""))
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("part", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("why", sa.LargeBinary(), nullable=True))
    op.create_table(
        "conflict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("node", text(), nullable=False),
        sa.Column("root", text(), nullable=False),
        sa.Column("key", text(), nullable=False),
        sa.Column("title", text(), nullable=False),
        sa.Column("left_slot", text(), nullable=False),
        sa.Column("left_connection", text(), nullable=False),
        sa.Column("left_entity", text(), nullable=False),
        sa.Column("left_id", text(), nullable=False),
        sa.Column("left_link", text(), nullable=True),
        sa.Column("right_slot", text(), nullable=False),
        sa.Column("right_connection", text(), nullable=False),
        sa.Column("right_entity", text(), nullable=False),
        sa.Column("right_id", text(), nullable=False),
        sa.Column("right_link", text(), nullable=True),
        sa.Column("fields", text(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("decision", text(), nullable=True),
        sa.Column("decided_by", text(), nullable=False),
        sa.Column("decided_at", sa.Float(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index("conflict_key", ["key", "state"], unique=False)
        batch_op.create_index("conflict_state", ["state", "flow_id", "node"], unique=False)


def downgrade() -> None:
    op.drop_table("conflict")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_column("why")
        batch_op.drop_column("part")
    with op.batch_alter_table("cross_reference", schema=None) as batch_op:
        batch_op.drop_column("right_echo")
        batch_op.drop_column("left_echo")
        batch_op.drop_column("agreed")
