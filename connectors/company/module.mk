MODULES += company
company_DIR := connectors/company
company_USES := http json identifier
