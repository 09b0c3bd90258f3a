#include "print.h"

#include <stdbool.h>
#include <stdint.h>

static void put_number(uint64_t value, bool hexadecimal, unsigned width, char padding) {
  char digits[24];
  unsigned count = 0;
  do {
    unsigned digit = hexadecimal ? value & 15 : (unsigned)(value % 10);
    value = hexadecimal ? value >> 4 : value / 10;
    digits[count++] = "0123456789abcdef"[digit];
  } while (value);
  for (unsigned n = count; n < width; n++) put_character(padding);
  while (count) put_character(digits[--count]);
}

void print_arguments(const char *format, va_list arguments) {
  for (; *format; format++) {
    if (*format != '%') {
      put_character(*format);
      continue;
    }
    format++;
    char padding = *format == '0' ? '0' : ' ';
    unsigned width = 0;
    while (*format >= '0' && *format <= '9') width = width * 10 + (unsigned)(*format++ - '0');
    bool is_long = *format == 'l';
    if (is_long) format++;
    switch (*format) {
      case 's':
        for (const char *s = va_arg(arguments, const char *); *s; s++) put_character(*s);
        break;
      case 'c': put_character((char)va_arg(arguments, int)); break;
      case 'd': {
        int64_t value = is_long ? va_arg(arguments, long) : va_arg(arguments, int);
        if (value < 0) put_character('-');
        put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, false, width, padding);
        break;
      }
      case 'u':
      case 'x': {
        uint64_t value = is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned);
        put_number(value, *format == 'x', width, padding);
        break;
      }
      case '%': put_character('%'); break;
      default: return;
    }
  }
}

void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_arguments(format, arguments);
  va_end(arguments);
}
