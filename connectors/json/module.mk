MODULES += json
json_DIR := connectors/json
json_CODECS := json jsonl
json_UNIT := connectors/json/json_read.c connectors/json/json_number.c
