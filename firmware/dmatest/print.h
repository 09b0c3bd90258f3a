// Formatted output on the console.
#ifndef PRINT_H
#define PRINT_H

#include <stdarg.h>

void put_character(char c);

// Knows %s %c %u %d %x, the length l, a width and zero padding.
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_arguments(const char *format, va_list arguments);

#endif
