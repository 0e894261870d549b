PROGRAMS += bench_http_server bench_http_curl
bench_http_server_DIR := tests/bench/http_server
bench_http_server_PKG := libuv
bench_http_curl_DIR := tests/bench/http_curl
bench_http_curl_PKG := libcurl
PROGRAMS    += pg_raw
pg_raw_DIR  := tests/bench/pg_raw
pg_raw_PKG  := libpq
