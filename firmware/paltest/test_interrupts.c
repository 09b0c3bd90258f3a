/* Interprocessor and device interrupts (21272 HRM, 6.3). */
#include "paltest.h"
#include "uart.h"

#define PIC_MASK 0x21
#define IRQ_COM1 4
#define IER_THR_EMPTY 2

/* Gives a pending interrupt the few instructions that its delivery may take. */
static void settle(void) {
  for (volatile int i = 0; i < 1000; i++)
    ;
}

static void test_ipi(void) {
  unsigned count = trap.count;
  pal_wripir(0);
  settle();
  is(trap.count, count, "an IPI to oneself waits at IPL 7");
  pal_swpipl(5);
  settle();
  ok(trap.count == count + 1 && trap.kind == ENTRY_int && trap.a0 == INTERRUPT_ipi && trap.ps == 6 &&
         trap.frame.ps == 5,
     "WRIPIR: entInt 0 below IPL 6, the handler runs at 6");
  pal_swpipl(7);
}

/* An empty transmitter is a level that we can switch on: COM1, 8259 input 4, DRIR<55>. The trap
   handler masks DRIR<55>. */
static void test_device(void) {
  unsigned count = trap.count;
  outb(COM1 + UART_IER, IER_THR_EMPTY);
  outb(PIC_MASK, 0xff & ~(1 << IRQ_COM1));
  write64(CCHIP_DIM0, 1ul << DRIR_ISA);
  mb();
  settle();
  is(trap.count, count, "a device interrupt waits at IPL 7");
  ok(read64(CCHIP_DIR0) == 1ul << DRIR_ISA, "DIR shows the ISA interrupt");
  pal_swpipl(4);
  settle();
  is(trap.count, count, "and at IPL 4");
  pal_swpipl(3);
  settle();
  ok(trap.count == count + 1 && trap.kind == ENTRY_int && trap.a0 == INTERRUPT_device && trap.ps == 4 &&
         trap.frame.ps == 3,
     "entInt 3 below IPL 4, the handler runs at 4");
  is(trap.a1, 0x800 + 16 * IRQ_COM1, "the vector is 0x800 + 16 times the 8259's");
  pal_swpipl(7);
  outb(COM1 + UART_IER, 0);
  outb(PIC_MASK, 0xff);
  outb(0x20, 0x60 | IRQ_COM1);

  count = trap.count;
  pal_swpipl(0);
  settle();
  is(trap.count, count, "silence afterwards");
  pal_swpipl(7);
}

void test_interrupts(void) {
  test_ipi();
  test_device();
}
