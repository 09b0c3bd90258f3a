/* Sliced by four 16-bit words: four look-ups per 8 bytes, in 1 MB of tables. */
#include "crc32.h"

#include "memory.h"

#define SLICES 4
static uint32_t (*table)[65536];

void crc32_setup(void) {
  table = allocate_pages(SLICES * sizeof *table / PAGE_SIZE, PAGE_SIZE);
  /* table[0][w]: the CRC register after the 16 bits w. */
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (unsigned bit = 0; bit < 16; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    table[0][byte] = crc;
    crc = byte << 8;
    for (unsigned bit = 0; bit < 16; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    table[0][byte << 8] = crc;
  }
  /* The rest follows because a CRC is linear, and a slice is its predecessor 16 zero bits later. */
  for (uint32_t word = 0; word < 65536; word++)
    table[0][word] = table[0][word & 0xff] ^ table[0][word & 0xff00];
  for (unsigned slice = 1; slice < SLICES; slice++)
    for (uint32_t word = 0; word < 65536; word++) {
      uint32_t before = table[slice - 1][word];
      table[slice][word] = before >> 16 ^ table[0][before & 0xffff];
    }
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t length) {
  const uint64_t *words = data;
  crc = ~crc;
  for (size_t n = 0; n < length / 8; n++) {
    uint64_t word = words[n] ^ crc;
    crc = table[3][word & 0xffff] ^ table[2][word >> 16 & 0xffff] ^
          table[1][word >> 32 & 0xffff] ^ table[0][word >> 48];
  }
  return ~crc;
}
