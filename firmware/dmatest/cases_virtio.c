/* Set-up of a virtio device: features, status and queue registers. */
#include "cases.h"
#include "workload.h"

static struct virtio_device *device(void) { return &disks[0].virtio; }

static void reset_clears_status(void) {
  if (!disk_start_basic(&disks[0])) return;
  uint8_t running = device()->common->device_status;
  REQUIRE(running == (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK),
          "status %x", running);
  REQUIRE(virtio_reset(device()), "status does not read 0 after a reset");
  REQUIRE(virtio_queue_size(device(), 0) > 0, "queue 0 is gone after a reset");
  REQUIRE(device()->common->queue_enable == 0, "queue 0 is still enabled");
  REQUIRE(device()->common->queue_desc[0] == 0 && device()->common->queue_device[1] == 0,
          "queue addresses survive a reset");
}

static void features_offered(void) {
  uint64_t features = virtio_read_features(device());
  tap_note("features %016lx", features);
  REQUIRE(features & VIRTIO_F_VERSION_1, "VERSION_1 is not offered");
  REQUIRE(features & VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM is not offered");
  REQUIRE(features & VIRTIO_F_INDIRECT_DESC, "INDIRECT_DESC is not offered");
  REQUIRE(features & VIRTIO_F_EVENT_IDX, "EVENT_IDX is not offered");
  REQUIRE(features & VIRTIO_BLK_F_FLUSH, "FLUSH is not offered");
}

static void feature_select_beyond(void) {
  static const uint32_t selects[] = {4, 5, 31, 0x7fffffff, 0xffffffff};
  for (unsigned n = 0; n < sizeof selects / sizeof *selects; n++) {
    device()->common->device_feature_select = selects[n];
    mb();
    uint32_t word = device()->common->device_feature;
    REQUIRE(word == 0, "feature word %x reads %x", selects[n], word);
  }
  for (uint32_t select = 2; select < 4; select++) {
    device()->common->device_feature_select = select;
    mb();
    REQUIRE(device()->common->device_feature == 0, "feature word %u reads %x", select,
            device()->common->device_feature);
  }
  REQUIRE(virtio_read_features(device()) & VIRTIO_F_VERSION_1, "word 1 does not read again");
}

/* VIRTIO 1.2, 2.2: the device does not agree to a feature it has not offered. */
static void unoffered_feature(void) {
  uint64_t offered = virtio_read_features(device()), extra = 1ul << 63;
  REQUIRE(!(offered & extra), "the reserved bit 63 is offered");
  bool agreed = virtio_negotiate(device(), (offered & DISK_FEATURES) | extra);
  if (agreed && !pchip_has_error_registers()) SKIP("this device drops the bit instead of refusing");
  REQUIRE(!agreed, "FEATURES_OK stays set");
  REQUIRE(virtio_reset(device()), "no reset after the refusal");
  REQUIRE(virtio_negotiate(device(), offered & DISK_FEATURES), "a valid set is refused afterwards");
}

/* 6.1: a driver that leaves VERSION_1 or ACCESS_PLATFORM out may be refused, and can always begin
   again. */
static void left_out_features(void) {
  uint64_t wanted = virtio_read_features(device()) & DISK_FEATURES;
  bool agreed = virtio_negotiate(device(), wanted & ~VIRTIO_F_ACCESS_PLATFORM);
  tap_note("without ACCESS_PLATFORM: %s", agreed ? "accepted" : "refused");
  REQUIRE(virtio_reset(device()), "no reset");
  REQUIRE(virtio_negotiate(device(), VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM),
          "the smallest set refused");
  REQUIRE(virtio_reset(device()), "no reset");
  REQUIRE(virtio_negotiate(device(), wanted), "the whole set is refused afterwards");
}

static void queue_select_beyond(void) {
  volatile struct virtio_common *common = device()->common;
  uint16_t queues = common->num_queues;
  REQUIRE(queues >= 1, "no queue");
  REQUIRE(virtio_queue_size(device(), queues) == 0, "queue %u has size %u", queues,
          common->queue_size);
  REQUIRE(common->queue_enable == 0, "queue %u is enabled", queues);
  common->queue_size = 64;
  common->queue_desc[0] = 0x1000;
  mb();
  REQUIRE(common->queue_size == 0, "queue %u took a size", queues);
  REQUIRE(virtio_queue_size(device(), 0) > 0, "queue 0 is gone");
  REQUIRE(common->queue_desc[0] == 0, "a write to queue %u reached queue 0", queues);
}

static void queue_registers(void) {
  volatile struct virtio_common *common = device()->common;
  uint16_t largest = virtio_queue_size(device(), 0);
  REQUIRE((largest & (largest - 1)) == 0, "the queue size %u is no power of two", largest);
  common->queue_size = largest / 2;
  mb();
  REQUIRE(common->queue_size == largest / 2, "size %u was not taken", largest / 2);
  volatile uint32_t *fields[] = {common->queue_desc, common->queue_driver, common->queue_device};
  for (unsigned n = 0; n < 3; n++) {
    /* The halves in either order. */
    fields[n][1] = 0x80 + n;
    fields[n][0] = 0x10000 * (n + 1);
  }
  mb();
  for (unsigned n = 0; n < 3; n++)
    REQUIRE(fields[n][0] == 0x10000 * (n + 1) && fields[n][1] == 0x80 + n,
            "address %u reads %x:%x", n, fields[n][1], fields[n][0]);
  REQUIRE(virtio_reset(device()), "no reset");
  REQUIRE(virtio_queue_size(device(), 0) == largest, "a reset does not restore the size");
}

static void configuration_generation(void) {
  volatile uint32_t *config = (volatile uint32_t *)device()->config;
  uint8_t generation = device()->common->config_generation;
  uint64_t capacity = config[0] | (uint64_t)config[1] << 32;
  REQUIRE(capacity == disks[0].capacity, "the capacity is %lu now", capacity);
  REQUIRE(device()->common->config_generation == generation, "the generation moves by itself");
  /* The capacity is read only. */
  config[0] = ~config[0];
  mb();
  REQUIRE(config[0] == (uint32_t)capacity, "the capacity is writable");
}

static void starts_again(void) {
  for (unsigned n = 0; n < 3; n++)
    if (!disk_start_basic(&disks[0]) || !check_alive(&disks[0])) return;
}

const struct test_case virtio_cases[] = {
    {"a reset reads back as status 0 and clears the queue", reset_clears_status},
    {"the features this driver needs are offered", features_offered},
    {"feature words beyond the second read 0", feature_select_beyond},
    {"an unoffered feature is refused", unoffered_feature},
    {"features left out", left_out_features},
    {"queue_select out of range", queue_select_beyond},
    {"queue size and addresses read back", queue_registers},
    {"capacity and configuration generation", configuration_generation},
    {"the device starts again after each reset", starts_again},
    {0},
};
