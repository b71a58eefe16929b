"""How alembic reaches our tables; always called by Database.migrate with a connection."""

from alembic import context
from sqlmodel import SQLModel

import engine.store.tables  # noqa: F401 - registers every table

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
