/* Formatted output on COM1, and the memory functions that GCC calls in freestanding programs. */
#ifndef BREAKWATER_PRINT_H
#define BREAKWATER_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* %c %s %d %u %x %p %% with width, 0 and - flags and l; "\n" is sent as CR LF. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vprint(const char *format, va_list arguments);
/* The same into memory, cut to fit and closed with a zero; room is at least 1. */
void print_to(char *text, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
void vprint_to(char *text, size_t room, const char *format, va_list arguments);

void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
#endif
