MODULES += tax
tax_DIR := connectors/tax
tax_USES := http json identifier
