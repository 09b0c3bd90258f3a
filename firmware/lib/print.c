#include "print.h"

#include <stdint.h>

#include "uart.h"

/* Where output goes: memory with room for the closing zero, or COM1 if there is none. */
struct sink {
  char *next;
  size_t room;
};

static void put(struct sink *sink, char c) {
  if (sink->next) {
    if (sink->room > 1) {
      *sink->next++ = c;
      sink->room--;
    }
    return;
  }
  if (c == '\n')
    uart_put('\r');
  uart_put(c);
}

static void pad(struct sink *sink, int count, char c) {
  for (; count > 0; count--)
    put(sink, c);
}

static void put_string(struct sink *sink, const char *s, int width, int left) {
  int fill = width - (int)strlen(s);
  if (!left)
    pad(sink, fill, ' ');
  while (*s)
    put(sink, *s++);
  if (left)
    pad(sink, fill, ' ');
}

static void put_number(struct sink *sink, uint64_t value, unsigned base, int negative, int width,
                       char fill, int left) {
  char text[24];
  int at = sizeof text;
  text[--at] = 0;
  do {
    /* Alpha has no divide instruction; base 16 is the common case and needs none. */
    unsigned digit = base == 16 ? value & 15 : value % 10;
    text[--at] = "0123456789abcdef"[digit];
    value = base == 16 ? value >> 4 : value / 10;
  } while (value);
  if (negative && fill == '0') {
    put(sink, '-');
    width--;
  } else if (negative) {
    text[--at] = '-';
  }
  if (fill == '0') {
    pad(sink, width - (int)strlen(text + at), '0');
    width = 0;
  }
  put_string(sink, text + at, width, left);
}

static void put_formatted(struct sink *sink, const char *format, va_list arguments) {
  for (; *format; format++) {
    if (*format != '%') {
      put(sink, *format);
      continue;
    }
    char fill = ' ';
    int left = 0, wide = 0, width = 0;
    for (format++; *format == '0' || *format == '-'; format++)
      if (*format == '0')
        fill = '0';
      else
        left = 1;
    for (; *format >= '0' && *format <= '9'; format++)
      width = width * 10 + *format - '0';
    for (; *format == 'l'; format++)
      wide = 1;
    switch (*format) {
    case 'c':
      put(sink, va_arg(arguments, int));
      break;
    case 's':
      put_string(sink, va_arg(arguments, const char *), width, left);
      break;
    case 'd': {
      int64_t value = wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
      uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
      put_number(sink, magnitude, 10, value < 0, width, fill, left);
      break;
    }
    case 'p':
      put_number(sink, va_arg(arguments, uint64_t), 16, 0, 16, '0', 0);
      break;
    case 'u':
    case 'x': {
      uint64_t value = wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
      put_number(sink, value, *format == 'x' ? 16 : 10, 0, width, fill, left);
      break;
    }
    case 0:
      return;
    default:
      put(sink, *format);
    }
  }
}

void vprint(const char *format, va_list arguments) {
  put_formatted(&(struct sink){0}, format, arguments);
}

void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprint(format, arguments);
  va_end(arguments);
}

void vprint_to(char *text, size_t room, const char *format, va_list arguments) {
  struct sink sink = {text, room};
  put_formatted(&sink, format, arguments);
  *sink.next = 0;
}

void print_to(char *text, size_t room, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprint_to(text, room, format, arguments);
  va_end(arguments);
}
