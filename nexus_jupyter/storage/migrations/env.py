"""Alembic's entry: runs the migrations on the connection that `nexus_jupyter.storage.database` hands over."""

from alembic import context

from nexus_jupyter.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
