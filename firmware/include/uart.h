/* COM1: a 16550A at I/O port 0x3f8, used by polling (PC16550D data sheet, 8.0). */
#ifndef BREAKWATER_UART_H
#define BREAKWATER_UART_H

#include "io.h"

#define COM1 0x3f8
#define UART_RBR 0 /* receive (read), transmit (write), divisor low while LCR<DLAB> */
#define UART_THR 0
#define UART_DLL 0
#define UART_IER 1 /* interrupt enable, divisor high while LCR<DLAB> */
#define UART_DLM 1
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5

#define FCR_ENABLE 0x01
#define FCR_ENABLE_AND_CLEAR 0x07
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define MCR_DTR_RTS_OUT2 0x0b
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20

#ifndef __ASSEMBLER__
/* Sends one byte as it is. Waits for the transmitter a bounded time, so that a machine without a
   UART loses its output and not its life. */
static inline void uart_put(uint8_t byte) {
  for (int tries = 0; tries < 100000; tries++)
    if (inb(COM1 + UART_LSR) & LSR_THR_EMPTY)
      break;
  outb(COM1 + UART_THR, byte);
}

/* The next received byte, or -1. */
static inline int uart_get(void) {
  return inb(COM1 + UART_LSR) & LSR_DATA_READY ? inb(COM1 + UART_RBR) : -1;
}
#endif
#endif
