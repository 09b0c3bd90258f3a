/* PCI configuration space of the first disk, and its BARs. */
#include "cases.h"
#include "configuration.h"
#include "traps.h"
#include "workload.h"

static struct virtio_device *device(void) { return &disks[0].virtio; }

static void absent_slot(void) {
  for (unsigned slot = 0; slot < 32; slot++) {
    pci_function f = pci_address(0, slot, 0);
    if (pci_present(f)) continue;
    for (unsigned offset = 0; offset < 64; offset += 4) {
      REQUIRE(CONFIG32(f, offset) == 0xffffffff, "slot %u longword %x reads %x", slot, offset,
              CONFIG32(f, offset));
      REQUIRE(CONFIG16(f, offset + 2) == 0xffff && CONFIG8(f, offset + 1) == 0xff,
              "slot %u offset %x: a narrow access does not read ones", slot, offset);
    }
    CONFIG32(f, PCI_BAR(0)) = 0x12345678;
    mb();
    REQUIRE(CONFIG32(f, PCI_BAR(0)) == 0xffffffff, "slot %u took a write", slot);
    return;
  }
  SKIP("every slot is taken");
}

static void absent_function(void) {
  pci_function f = device()->pci;
  if (CONFIG8(f, PCI_HEADER_TYPE) & PCI_HEADER_MULTIFUNCTION) SKIP("the disk has more functions");
  f = pci_address(pci_bus(f), pci_device(f), 1);
  uint32_t id = CONFIG32(f, PCI_VENDOR_ID);
  REQUIRE(id == 0xffffffff, "function 1 reads %x", id);
}

static void access_widths(void) {
  pci_function f = device()->pci;
  for (unsigned offset = 0; offset < 0x40; offset += 4) {
    uint32_t longword = CONFIG32(f, offset), words = 0, bytes = 0;
    for (unsigned n = 0; n < 2; n++) words |= (uint32_t)CONFIG16(f, offset + 2 * n) << 16 * n;
    for (unsigned n = 0; n < 4; n++) bytes |= (uint32_t)CONFIG8(f, offset + n) << 8 * n;
    REQUIRE(words == longword && bytes == longword, "offset %x: %x by words %x by bytes %x", offset,
            longword, words, bytes);
  }
}

/* A byte write changes its own byte lane only. */
static void byte_writes(void) {
  pci_function f = device()->pci;
  uint32_t before = CONFIG32(f, PCI_INTERRUPT_LINE);
  CONFIG8(f, PCI_INTERRUPT_LINE) = 0x5a;
  mb();
  uint32_t changed = CONFIG32(f, PCI_INTERRUPT_LINE);
  CONFIG8(f, PCI_INTERRUPT_PIN) = 0xff;
  mb();
  uint32_t pin = CONFIG32(f, PCI_INTERRUPT_LINE);
  CONFIG32(f, PCI_INTERRUPT_LINE) = before;
  mb();
  REQUIRE(changed == ((before & ~0xffu) | 0x5a), "%x became %x", before, changed);
  REQUIRE(pin == changed, "the interrupt pin is writable: %x became %x", changed, pin);
  REQUIRE(CONFIG32(f, PCI_INTERRUPT_LINE) == before, "the old value did not come back");
}

static void read_only_fields(void) {
  static const uint8_t fields[] = {PCI_VENDOR_ID, PCI_REVISION, PCI_SUBSYSTEM_ID - 2,
                                   PCI_CAPABILITIES};
  pci_function f = device()->pci;
  for (unsigned n = 0; n < sizeof fields; n++) {
    uint32_t before = CONFIG32(f, fields[n]);
    CONFIG32(f, fields[n]) = ~before;
    mb();
    REQUIRE(CONFIG32(f, fields[n]) == before, "offset %x: %x became %x", fields[n], before,
            CONFIG32(f, fields[n]));
  }
  uint8_t type = CONFIG8(f, PCI_HEADER_TYPE);
  CONFIG8(f, PCI_HEADER_TYPE) = (uint8_t)~type;
  mb();
  REQUIRE(CONFIG8(f, PCI_HEADER_TYPE) == type, "the header type is writable");
}

/* VIRTIO 1.2, 4.1.2: a non-transitional device has revision 1 or higher. */
static void identity(void) {
  pci_function f = device()->pci;
  REQUIRE(CONFIG32(f, PCI_VENDOR_ID) == VIRTIO_BLOCK_ID, "id %x", CONFIG32(f, PCI_VENDOR_ID));
  REQUIRE(CONFIG8(f, PCI_REVISION) >= 1, "revision %u", CONFIG8(f, PCI_REVISION));
  REQUIRE(CONFIG8(f, PCI_INTERRUPT_PIN) == 1, "interrupt pin %u", CONFIG8(f, PCI_INTERRUPT_PIN));
  REQUIRE(CONFIG16(f, PCI_STATUS) & PCI_STATUS_CAPABILITIES, "no capabilities bit");
}

static void bar_sizes(void) {
  pci_function f = device()->pci;
  for (unsigned n = 0; n < 6; n++) {
    uint32_t before = CONFIG32(f, PCI_BAR(n));
    struct pci_bar bar = pci_read_bar(f, n);
    REQUIRE(CONFIG32(f, PCI_BAR(n)) == before, "BAR %u did not keep %x", n, before);
    REQUIRE((bar.size & (bar.size - 1)) == 0, "BAR %u: size %lx", n, bar.size);
    REQUIRE(bar.size == 0 || (bar.address & (bar.size - 1)) == 0, "BAR %u: %lx at %lx", n, bar.size,
            bar.address);
    REQUIRE(bar.size == 0 || bar.size >= (bar.is_io ? 4 : 16), "BAR %u: size %lx", n, bar.size);
    /* The type bits are read only: all ones and zero leave them alone. */
    uint32_t type = before & (bar.is_io ? 3 : 15);
    uint16_t command = CONFIG16(f, PCI_COMMAND);
    pci_set_command(f, 0);
    CONFIG32(f, PCI_BAR(n)) = 0;
    mb();
    uint32_t cleared = CONFIG32(f, PCI_BAR(n));
    CONFIG32(f, PCI_BAR(n)) = before;
    mb();
    pci_set_command(f, command);
    REQUIRE(bar.size == 0 || cleared == type, "BAR %u reads %x after writing 0", n, cleared);
    if (bar.is_64bit) n++;
  }
}

static void capability_chain(void) {
  pci_function f = device()->pci;
  bool broken = false;
  uint8_t position = 0;
  unsigned count = 0;
  while ((position = pci_next_capability(f, position, &broken)))
    REQUIRE(++count <= 48, "the chain does not end");
  REQUIRE(!broken, "a capability is misplaced or misaligned");
  for (unsigned kind = VIRTIO_COMMON; kind < CAP_KINDS; kind++)
    REQUIRE(device()->structures[kind].position, "no capability of type %u", kind);
}

/* VIRTIO 1.2, 4.1.4. */
static void structure_layout(void) {
  struct virtio_structure *s = device()->structures;
  REQUIRE((s[VIRTIO_COMMON].offset & 3) == 0, "common configuration at %x",
          s[VIRTIO_COMMON].offset);
  REQUIRE((s[VIRTIO_DEVICE].offset & 3) == 0, "device configuration at %x",
          s[VIRTIO_DEVICE].offset);
  REQUIRE((s[VIRTIO_NOTIFY].offset & 1) == 0, "notifications at %x", s[VIRTIO_NOTIFY].offset);
  REQUIRE(s[VIRTIO_DEVICE].length >= 8, "device configuration of %u bytes",
          s[VIRTIO_DEVICE].length);
  uint32_t multiplier = device()->notify_multiplier;
  REQUIRE((multiplier & (multiplier - 1)) == 0 && multiplier != 1, "notify multiplier %u",
          multiplier);
  for (unsigned kind = VIRTIO_COMMON; kind < CAP_KINDS; kind++) {
    uint8_t length = CONFIG8(device()->pci, s[kind].position + 2);
    uint8_t expected = kind == VIRTIO_NOTIFY || kind == VIRTIO_PCI_CFG ? 20 : 16;
    REQUIRE(length == expected, "capability %u is %u bytes long", kind, length);
  }
}

/* VIRTIO 1.2, 4.1.4.9: a BAR reached through configuration space. */
static uint32_t pci_cfg_read(unsigned kind, uint32_t offset, uint32_t length) {
  pci_function f = device()->pci;
  uint8_t window = device()->structures[VIRTIO_PCI_CFG].position;
  CONFIG8(f, window + 4) = device()->structures[kind].bar;
  CONFIG32(f, window + 8) = device()->structures[kind].offset + offset;
  CONFIG32(f, window + 12) = length;
  mb();
  switch (length) {
    case 1: return CONFIG8(f, window + 16);
    case 2: return CONFIG16(f, window + 16);
    default: return CONFIG32(f, window + 16);
  }
}

static void pci_cfg_access(void) {
  pci_function f = device()->pci;
  volatile struct virtio_common *common = device()->common;
  uint32_t queues = pci_cfg_read(VIRTIO_COMMON, offsetof(struct virtio_common, num_queues), 2);
  REQUIRE(queues == common->num_queues, "num_queues %u, not %u", queues, common->num_queues);
  uint32_t capacity = pci_cfg_read(VIRTIO_DEVICE, 0, 4);
  REQUIRE(capacity == (uint32_t)disks[0].capacity, "capacity %u", capacity);
  /* A write: device_status, one byte. */
  pci_cfg_read(VIRTIO_COMMON, offsetof(struct virtio_common, device_status), 1);
  CONFIG8(f, device()->structures[VIRTIO_PCI_CFG].position + 16) = VIRTIO_ACKNOWLEDGE;
  mb();
  REQUIRE(common->device_status == VIRTIO_ACKNOWLEDGE, "status is %x after a write of 1",
          common->device_status);
  uint32_t status = pci_cfg_read(VIRTIO_COMMON, offsetof(struct virtio_common, device_status), 1);
  REQUIRE(status == VIRTIO_ACKNOWLEDGE, "status reads %x", status);
}

/* With decoding off the registers are gone. What answers instead (all ones, or a machine check) is
   the bridge's business. */
static void memory_decode(void) {
  pci_function f = device()->pci;
  uint64_t status = (uint64_t)&device()->common->device_status;
  virtio_add_status(device(), VIRTIO_ACKNOWLEDGE);
  pci_set_command(f, PCI_COMMAND_MASTER);
  trap_expect(MACHINE_CHECK);
  uint8_t hidden = probe_read8(status, 0xff);
  struct trap_record trap = trap_taken();
  pci_set_command(f, COMMAND_RUNNING);
  REQUIRE(trap.count <= 1, "%u machine checks", trap.count);
  REQUIRE(hidden == 0xff, "a register reads %x with memory decoding off", hidden);
  REQUIRE(device()->common->device_status == VIRTIO_ACKNOWLEDGE, "the registers do not come back");
}

static void moved_bar(void) {
  unsigned n = device()->structures[VIRTIO_COMMON].bar;
  uint64_t old = device()->bars[n].address, new = 0x30000000;
  virtio_add_status(device(), VIRTIO_ACKNOWLEDGE);
  pci_write_bar(device()->pci, n, new);
  device()->bars[n].address = new;
  virtio_locate(device());
  uint8_t there = device()->common->device_status;
  bool works = disk_start_basic(&disks[0]) && check_alive(&disks[0]);
  virtio_reset(device());
  pci_write_bar(device()->pci, n, old);
  device()->bars[n].address = old;
  virtio_locate(device());
  REQUIRE(there == VIRTIO_ACKNOWLEDGE, "status reads %x at the new address", there);
  REQUIRE(works, "the disk does not work at the new address");
  if (disk_start_basic(&disks[0])) check_alive(&disks[0]);
}

const struct test_case pci_cases[] = {
    {"an absent slot reads all ones at every width", absent_slot},
    {"an absent function reads all ones", absent_function},
    {"byte, word and longword reads agree", access_widths},
    {"byte writes stay in their lane", byte_writes},
    {"read-only fields ignore writes", read_only_fields},
    {"identity of a modern virtio block device", identity},
    {"BAR sizing pattern, restored", bar_sizes},
    {"capability chain", capability_chain},
    {"virtio structures are laid out as specified", structure_layout},
    {"BAR access through the PCI_CFG capability", pci_cfg_access},
    {"memory decoding off hides the registers", memory_decode},
    {"a moved BAR takes its registers along", moved_bar},
    {0},
};
