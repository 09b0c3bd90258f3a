/* A small LZ77 compressor: there and back, and the packed bytes are those that the host gets. */
#include "expected.h"

#define WINDOW 255
static uint8_t packed_text[5000], back[4200];

static uint64_t pack(const uint8_t *text, uint64_t length, uint8_t *out) {
  uint8_t *start = out, *control = 0;
  unsigned flags = 8;
  for (uint64_t at = 0; at < length; flags++) {
    unsigned best = 0, distance = 0;
    for (unsigned d = 1; d <= WINDOW && d <= at; d++) {
      unsigned n = 0;
      while (n < 255 && at + n < length && text[at + n] == text[at + n - d])
        n++;
      if (n > best)
        best = n, distance = d;
    }
    if (flags == 8) {
      control = out++;
      *control = flags = 0;
    }
    if (best > 2) {
      *control |= 1 << flags;
      *out++ = distance;
      *out++ = best;
      at += best;
    } else {
      *out++ = text[at++];
    }
  }
  return out - start;
}

static uint64_t unpack(const uint8_t *in, uint64_t length, uint8_t *out) {
  const uint8_t *end = in + length;
  uint8_t *start = out;
  while (in < end) {
    unsigned control = *in++;
    for (unsigned flag = 0; flag < 8 && in < end; flag++)
      if (control >> flag & 1) {
        unsigned distance = *in++, count = *in++;
        for (; count; count--, out++)
          *out = out[-(int)distance];
      } else {
        *out++ = *in++;
      }
  }
  return out - start;
}

static uint32_t crc32(const uint8_t *text, uint64_t length) {
  uint32_t table[256], crc = ~0u;
  for (uint32_t i = 0; i < 256; i++) {
    table[i] = i;
    for (int bit = 0; bit < 8; bit++)
      table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
  }
  while (length--)
    crc = crc >> 8 ^ table[(crc ^ *text++) & 0xff];
  return ~crc;
}

void program(void) {
  test("packed bytes");
  for (unsigned i = 0; i < packed_count; i++) {
    uint64_t length = pack(repetitive_text, packed[i].length, packed_text);
    same(length, packed[i].packed_length, "length", i);
    same(crc32(packed_text, length), packed[i].crc32, "CRC-32", i);
  }
  test("there and back");
  for (unsigned i = 0; i < packed_count; i++) {
    uint64_t packed_length = pack(repetitive_text, packed[i].length, packed_text);
    uint64_t length = unpack(packed_text, packed_length, back);
    same(length, packed[i].length, "length", i);
    uint64_t wrong = 0;
    for (uint64_t k = 0; k < length; k++)
      wrong += back[k] != repetitive_text[k];
    same(wrong, 0, "bytes", i);
  }
}
