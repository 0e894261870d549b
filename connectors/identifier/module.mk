# Company, tax and account numbers: form and check digits. Pure C, no library.
MODULES += identifier
identifier_DIR := connectors/identifier
identifier_UNIT := $(addprefix connectors/identifier/,ident.c fold.c kinds.c china.c vat.c vat_weighted.c vat_rules.c)
