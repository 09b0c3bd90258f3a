// The 21272 system address map and registers, by the names of the 21272 Hardware Reference Manual
// (HRM). Everything is reached through KSEG.
#ifndef TSUNAMI_H
#define TSUNAMI_H

#include "alpha.h"

#define CSR(kseg_offset) (*(volatile uint64_t *)(KSEG_IO + (kseg_offset)))

// PCI spaces of Pchip 0.
#define PCI_MEMORY KSEG_IO
#define PCI_IO (KSEG_IO + 0x1fc000000ul)
#define PCI_CONFIGURATION (KSEG_IO + 0x1fe000000ul)

// Pchip 0.
#define PCHIP 0x180000000ul
#define WSBA(n) CSR(PCHIP + 0x000 + 0x40 * (n))
#define WSM(n) CSR(PCHIP + 0x100 + 0x40 * (n))
#define TBA(n) CSR(PCHIP + 0x200 + 0x40 * (n))
#define PCTL CSR(PCHIP + 0x300)
#define PERROR CSR(PCHIP + 0x3c0)
#define PERRMASK CSR(PCHIP + 0x400)
#define PERRSET CSR(PCHIP + 0x440)
#define TLBIV CSR(PCHIP + 0x480)
#define TLBIA CSR(PCHIP + 0x4c0)

#define WSBA_ENA 0x1ul
#define WSBA_SG 0x2ul
#define WSBA3_DAC (1ul << 39)
#define PCTL_HOLE (1ul << 5)
#define PCTL_MWIN (1ul << 6)
#define PERROR_LOST (1ul << 0)
#define PERROR_SGE (1ul << 4)
#define PERROR_ALL 0xffful

// Cchip.
#define CCHIP 0x1a0000000ul
#define MISC CSR(CCHIP + 0x080)
#define DIM0 CSR(CCHIP + 0x200)
#define DIR0 CSR(CCHIP + 0x280)
#define DRIR CSR(CCHIP + 0x300)

#define MISC_NXM (1ul << 28)
#define MISC_NXS(misc) ((misc) >> 29 & 7)
#define NXS_PCHIP0 4
#define DRIR_NXM (1ul << 63)
#define DRIR_PCHIP0_ERROR (1ul << 62)

// I/O ports.
#define PORT8(port) (*(volatile uint8_t *)(PCI_IO + (port)))
#define PORT32(port) (*(volatile uint32_t *)(PCI_IO + (port)))
#define COM1 0x3f8
// The test result register of the emulator's board: 0 passed, anything else failed. Other machines
// do not claim the port and ignore the write.
#define EXIT_REGISTER 0x500

#endif
