/* reader.h - the role `reader`: see ask.h for what it is asked. */
#ifndef OCR_READER_H
#define OCR_READER_H

/* fd: a connected, blocking frame socket. Languages are those of DESKHAND_READER_LANGUAGES
 * ("eng,chi_sim+eng"), without it all that are installed of eng, deu, fra (the nets of a second
 * reading), chi_sim+eng, chi_tra+eng. Returns the exit
 * status when the other side is gone. */
int ocr_reader_main(int fd, int argc, char **argv);

#endif
