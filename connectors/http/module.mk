MODULES += http
http_DIR := connectors/http
http_PKG := libcurl
http_USES := json files
http_UNIT := connectors/http/policy.c
