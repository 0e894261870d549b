MODULES += xml
xml_DIR := connectors/xml
xml_PKG := libxml-2.0
xml_UNIT := connectors/xml/xml_query.c
