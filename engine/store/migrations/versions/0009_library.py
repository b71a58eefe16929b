"""rule sets and tables that flows share, and their versions"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "rule_set",
        sa.Column("id", text(), nullable=False),
        sa.Column("slug", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("title", text(), nullable=False),
        sa.Column("description", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("deleted_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "rule_set_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_set_id", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("note", text(), nullable=False),
        sa.Column("by", text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_set.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rule_set_id", "number"),
    )
    with op.batch_alter_table("rule_set_version", schema=None) as batch_op:
        batch_op.create_index("ix_rule_set_version_rule_set_id", ["rule_set_id"], unique=False)
    op.create_table(
        "lookup_row",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("key", text(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["rule_set_version.id"]),
        sa.PrimaryKeyConstraint("version_id", "place"),
    )
    with op.batch_alter_table("lookup_row", schema=None) as batch_op:
        batch_op.create_index("lookup_row_key", ["version_id", "key"], unique=False)


def downgrade() -> None:
    for table in ("lookup_row", "rule_set_version", "rule_set"):
        op.drop_table(table)
