/* 21272 chipset registers (21272 HRM, Cchip and Pchip CSRs). All are 64 bits wide, one per 64-byte
   block. */
#ifndef BREAKWATER_TSUNAMI_H
#define BREAKWATER_TSUNAMI_H

#include "io.h"

/* Memory has the physical addresses below this: PA<34:0>. Nothing answers between it and I/O space. */
#define MEMORY_LIMIT 0x800000000ul

/* Cchip, as KSEG addresses. */
#define CCHIP_BASE (KSEG_IO_BASE + 0x1a0000000)
#define CCHIP_CSC (CCHIP_BASE + 0x000)
#define CCHIP_MISC (CCHIP_BASE + 0x080)
#define CCHIP_DIM0 (CCHIP_BASE + 0x200)
#define CCHIP_DIR0 (CCHIP_BASE + 0x280)
#define CCHIP_DRIR (CCHIP_BASE + 0x300)
#define CCHIP_IIC0 (CCHIP_BASE + 0x380)
/* CPUs 1 to 3 follow at +0x40, +0x400 and +0x440. */
#define CCHIP_CPU_STRIDE(cpu) (((cpu) & 1) * 0x40 + ((cpu) >> 1) * 0x400)

#define MISC_CPUID 0x3
#define MISC_ITINTR(cpu) (1ul << (4 + (cpu)))
#define MISC_IPINTR(cpu) (1ul << (8 + (cpu)))
#define MISC_IPREQ(cpu) (1ul << (12 + (cpu)))
#define MISC_NXM (1ul << 28)
#define MISC_REV(misc) (((misc) >> 32) & 0xff)

/* DRIR bits. A PCI slot on bus 0 has four, from (slot + 1) * 4. */
#define DRIR_ISA 55
#define DRIR_PCHIP1_ERROR 61
#define DRIR_PCHIP0_ERROR 62
#define DRIR_CCHIP_ERROR 63

/* Pchip 0, as KSEG addresses. */
#define PCHIP_BASE (KSEG_IO_BASE + 0x180000000)
#define PCHIP_WINDOWS 4
#define PCHIP_WSBA(n) (PCHIP_BASE + 0x000 + 0x40 * (n))
#define PCHIP_WSM(n) (PCHIP_BASE + 0x100 + 0x40 * (n))
#define PCHIP_TBA(n) (PCHIP_BASE + 0x200 + 0x40 * (n))
#define PCHIP_PCTL (PCHIP_BASE + 0x300)
#define PCHIP_PLAT (PCHIP_BASE + 0x340)
#define PCHIP_PERROR (PCHIP_BASE + 0x3c0)
#define PCHIP_PERRMASK (PCHIP_BASE + 0x400)
#define PCHIP_PERRSET (PCHIP_BASE + 0x440)
#define PCHIP_TLBIV (PCHIP_BASE + 0x480)
#define PCHIP_TLBIA (PCHIP_BASE + 0x4c0)

#define WSBA_ENA 0x1ul
#define WSBA_SG 0x2ul
#define WSBA3_DAC (1ul << 39)
#define PCTL_HOLE (1ul << 5)
#define PCTL_MWIN (1ul << 6)
#define PERROR_LOST (1ul << 0)
#define PERROR_SGE (1ul << 4)
#define PERROR_TA (1ul << 6)
#define PERROR_NDS (1ul << 8)
#define PERROR_ADDRESS(perror) (((perror) >> 16) & 0xffffffff)

/* Bus addresses with bit 40 set bypass the windows when PCTL<MWIN> is set (10.1.4.4); with bit 39
   set they go through window 3 when WSBA3<DAC> is. */
#define MONSTER_WINDOW (1ul << 40)
#define DAC_WINDOW (1ul << 39)
#endif
