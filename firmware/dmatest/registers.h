/* The chipset registers and configuration space as variables: a case reads like the manual. The
   addresses are those of the shared headers. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdbool.h>

#include "pci.h"
#include "tsunami.h"

#define REGISTER(address) (*(volatile uint64_t *)(address))

#define WSBA(n) REGISTER(PCHIP_WSBA(n))
#define WSM(n) REGISTER(PCHIP_WSM(n))
#define TBA(n) REGISTER(PCHIP_TBA(n))
#define PCTL REGISTER(PCHIP_PCTL)
#define PERROR REGISTER(PCHIP_PERROR)
#define PERRMASK REGISTER(PCHIP_PERRMASK)
#define PERRSET REGISTER(PCHIP_PERRSET)
#define TLBIV REGISTER(PCHIP_TLBIV)
#define TLBIA REGISTER(PCHIP_TLBIA)

#define MISC REGISTER(CCHIP_MISC)
#define DIM0 REGISTER(CCHIP_DIM0)
#define DIR0 REGISTER(CCHIP_DIR0)
#define DRIR REGISTER(CCHIP_DRIR)

#define PERROR_ALL 0xffful
/* The source of a non-existent memory access: 4 is Pchip 0. */
#define MISC_NXS(misc) ((misc) >> 29 & 7)
#define NXS_PCHIP0 4

#define CONFIG8(f, offset) (*(volatile uint8_t *)(PCI_CONFIG_BASE + (f) + (offset)))
#define CONFIG16(f, offset) (*(volatile uint16_t *)(PCI_CONFIG_BASE + (f) + (offset)))
#define CONFIG32(f, offset) (*(volatile uint32_t *)(PCI_CONFIG_BASE + (f) + (offset)))

#endif
