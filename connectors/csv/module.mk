MODULES += csv
csv_DIR := connectors/csv
csv_CODECS := csv
csv_UNIT := connectors/csv/csv_read.c connectors/csv/csv_write.c
