/* CRC-32 as in zip and Ethernet (polynomial 0x04c11db7, reflected). */
#ifndef CRC32_H
#define CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Builds the tables; call once. */
void crc32_setup(void);
/* Continues a CRC (0 to start) over 8-byte-aligned memory whose length is a multiple of 8. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t length);

#endif
