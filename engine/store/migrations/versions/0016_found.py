"""indexes of deliveries and cross references hold what is looked for, and no longer what is empty or found otherwise"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WHOLE = {
    "delivery_key": ("delivery", ["key"]),
    "delivery_title": ("delivery", ["title"]),
    "delivery_number": ("delivery", ["number"]),
    "cross_reference_right": ("cross_reference", ["right_connection", "right_entity", "right_id"]),
}
ONLY = {
    "delivery_key": "key <> root",
    "delivery_title": "title <> ''",
    "delivery_number": "number IS NOT NULL",
    "cross_reference_right": "right_id IS NOT NULL",
}


def upgrade() -> None:
    for name, (table, columns) in WHOLE.items():
        op.drop_index(name, table)
        only = sa.text(ONLY[name])
        op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    for name, (table, columns) in WHOLE.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns)
