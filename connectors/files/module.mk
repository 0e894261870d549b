MODULES += files
files_DIR := connectors/files
files_UNIT := connectors/files/beneath.c connectors/files/glob.c
