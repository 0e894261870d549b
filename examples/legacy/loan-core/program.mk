PROGRAMS += loan-core
loan-core_DIR := examples/legacy/loan-core
loan-core_PKG := gtk+-3.0 sqlite3
