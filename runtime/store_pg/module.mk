# The store on PostgreSQL is a module of its own, so that the host links no libpq: it is opened by the first postgresql:// URL.
MODULES      += store_pg
store_pg_DIR := runtime/store_pg
store_pg_PKG := libpq
