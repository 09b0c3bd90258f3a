/* EXAMINE and DEPOSIT: memory by physical or virtual address. */
#include "console.h"
#include "print.h"

/* A hexadecimal number, with or without 0x. */
static int parse(const char *text, uint64_t *value) {
  if (text[0] == '0' && (text[1] | 0x20) == 'x')
    text += 2;
  unsigned digits = 0;
  uint64_t result = 0;
  for (; *text; text++, digits++) {
    char c = *text | 0x20;
    if (*text >= '0' && *text <= '9')
      result = result << 4 | (uint64_t)(*text - '0');
    else if (c >= 'a' && c <= 'f')
      result = result << 4 | (uint64_t)(c - 'a' + 10);
    else
      return 0;
  }
  *value = result;
  return digits >= 1 && digits <= 16;
}

/* Where and how EXAMINE and DEPOSIT access. */
struct access {
  uint64_t address, count, value;
  unsigned bytes;
  int is_virtual;
};

static uint64_t access_va(const struct access *a) {
  if (a->is_virtual)
    return a->address;
  uint64_t io = a->address >> 43 & 1;
  return KSEG_BASE + (a->address & 0xffffffffff) + (io << 40);
}

/* [-b|-w|-l|-q] [-n count] [pmem:|vmem:]address [value] */
static int parse_access(char **words, unsigned count, int with_value, struct access *a) {
  *a = (struct access){.count = 1, .bytes = 8};
  unsigned i = 0;
  for (; i < count && words[i][0] == '-'; i++) {
    switch (words[i][1]) {
    case 'b':
      a->bytes = 1;
      break;
    case 'w':
      a->bytes = 2;
      break;
    case 'l':
      a->bytes = 4;
      break;
    case 'q':
      a->bytes = 8;
      break;
    case 'n':
      if (++i >= count || !parse(words[i], &a->count) || a->count > 0x1000)
        return 0;
      break;
    default:
      return 0;
    }
  }
  if (count - i != 1u + with_value)
    return 0;
  char *address = words[i];
  if (memcmp(address, "vmem:", 5) == 0 || memcmp(address, "pmem:", 5) == 0) {
    a->is_virtual = address[0] == 'v';
    address += 5;
  }
  if (!parse(address, &a->address) || (with_value && !parse(words[i + 1], &a->value)))
    return 0;
  return (a->address & (a->bytes - 1)) == 0;
}

void examine(char **words, unsigned count) {
  struct access a;
  if (!parse_access(words, count, 0, &a)) {
    print("examine [-b|-w|-l|-q] [-n count] [pmem:|vmem:]address: hexadecimal, aligned\n");
    return;
  }
  for (uint64_t i = 0; i < a.count; i++, a.address += a.bytes) {
    uint64_t value;
    const char *space = a.is_virtual ? "vmem" : "pmem";
    if (probe_read(access_va(&a), a.bytes, &value) < 0) {
      print("%s: %16lx  no access\n", space, a.address);
      return;
    }
    print("%s: %16lx  ", space, a.address);
    for (unsigned byte = a.bytes; byte-- > 0;)
      print("%02x", (unsigned)(value >> 8 * byte & 0xff));
    print("\n");
  }
}

void deposit(char **words, unsigned count) {
  struct access a;
  if (!parse_access(words, count, 1, &a)) {
    print("deposit [-b|-w|-l|-q] [-n count] [pmem:|vmem:]address value: hexadecimal, aligned\n");
    return;
  }
  for (uint64_t i = 0; i < a.count; i++, a.address += a.bytes)
    if (probe_write(access_va(&a), a.bytes, a.value) < 0) {
      print("%16lx: no access\n", a.address);
      return;
    }
}
