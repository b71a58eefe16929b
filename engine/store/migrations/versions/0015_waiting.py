"""runs that wait, by flow and in their order: whoever takes some along finds them at once"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index("run_state")
        batch_op.create_index("run_state", ["state", "flow_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index("run_state")
        batch_op.create_index("run_state", ["state"], unique=False)
