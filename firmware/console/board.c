/* The ISA side of the board: interrupt controllers, serial port, clock. */
#include "console.h"
#include "rtc.h"
#include "tsunami.h"
#include "uart.h"

/* 8259A pair and its edge/level register (8259A data sheet; 82378 data sheet, ELCR). */
#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define PIC_ELCR 0x4d0
#define ICW1_CASCADE_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_EOI 0x20
#define MASKED 0xff
#define IRQ_COM1 4

/* Vectors 0 to 15, all inputs level sensitive, all masked: PALcode turns the vector into SCB
   0x800 + 16n, and kernels do not program the controllers again. */
static void interrupt_controllers_start(void) {
  outb(PIC_MASTER, ICW1_CASCADE_ICW4);
  outb(PIC_MASTER + 1, 0);
  outb(PIC_MASTER + 1, 1 << 2);
  outb(PIC_MASTER + 1, ICW4_8086);
  outb(PIC_SLAVE, ICW1_CASCADE_ICW4);
  outb(PIC_SLAVE + 1, 8);
  outb(PIC_SLAVE + 1, 2);
  outb(PIC_SLAVE + 1, ICW4_8086);
  outb(PIC_ELCR, 0xff);
  outb(PIC_ELCR + 1, 0xff);
  outb(PIC_MASTER + 1, MASKED);
  outb(PIC_SLAVE + 1, MASKED);
  outb(PIC_SLAVE, OCW2_EOI);
  outb(PIC_MASTER, OCW2_EOI);
}

static void serial_port_start(uint8_t fifo_control) {
  outb(COM1 + UART_LCR, LCR_DLAB | LCR_8N1);
  outb(COM1 + UART_DLL, 1); /* 115200 baud */
  outb(COM1 + UART_DLM, 0);
  outb(COM1 + UART_LCR, LCR_8N1);
  outb(COM1 + UART_IER, 0);
  outb(COM1 + UART_FCR, fifo_control);
  outb(COM1 + UART_MCR, MCR_DTR_RTS_OUT2);
}

/* The rate that the HWRPB names, with its interrupt off. */
static void clock_start(void) {
  rtc_write(RTC_REGISTER_A, RTC_RATE_1024HZ);
  rtc_write(RTC_REGISTER_B, RTC_24_HOURS);
}

/* No device interrupts a CPU, and no DMA reaches memory. */
static void chipset_start(void) {
  for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
    write64(CCHIP_DIM0 + CCHIP_CPU_STRIDE(cpu), 0);
  for (unsigned window = 0; window < PCHIP_WINDOWS; window++)
    write64(PCHIP_WSBA(window), 0);
  mb();
}

void board_start(void) {
  chipset_start();
  interrupt_controllers_start();
  serial_port_start(FCR_ENABLE_AND_CLEAR);
  clock_start();
}

/* What the prompt needs of a board that a system has used. The rest stays to be looked at. */
void board_return(void) {
  pal_cserve(CSERVE_set_alarm_abs, 0, 0);
  interrupt_controllers_start();
  serial_port_start(FCR_ENABLE);
  clock_start();
  write64(CCHIP_MISC, MISC_ITINTR(0)); /* a tick that nobody took would end every WTINT */
  mb();
  pal_wrmces(pal_rdmces()); /* a machine check that nobody dealt with would make the next one the last */
}

/* Sleeps until COM1 has a byte. Its interrupt only ends WTINT: IPL 7 keeps it from delivery. The
   interrupt is off again afterwards, as a system that is booted expects it. */
void wait_for_input(void) {
  outb(COM1 + UART_IER, 1);
  outb(PIC_MASTER + 1, MASKED & ~(1 << IRQ_COM1));
  write64(CCHIP_DIM0, 1ul << DRIR_ISA);
  mb();
  pal_wtint(0);
  write64(CCHIP_DIM0, 0);
  outb(PIC_MASTER + 1, MASKED);
  outb(COM1 + UART_IER, 0);
}
