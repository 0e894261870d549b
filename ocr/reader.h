/* reader.h - the role `reader`: see ask.h for what it is asked. */
#ifndef OCR_READER_H
#define OCR_READER_H

/* fd: a connected, blocking frame socket. argv: [--languages eng,chi_sim+eng]. Returns the exit status when
 * the other side is gone. */
int ocr_reader_main(int fd, int argc, char **argv);

#endif
