# Documents: a sandboxed reader with Tesseract and Leptonica, and the fields of a document.
MODULES += ocr
ocr_DIR := ocr
ocr_PKG := tesseract lept libseccomp
ocr_WORDS := document
ocr_ROLES := reader
ocr_USES := identifier
ocr_COMMANDS := read
ocr_UNIT := $(addprefix ocr/,image.c mend.c sandbox.c words.c)
