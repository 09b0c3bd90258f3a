// The files that `breakwater run` boots without arguments. Swift has no way to include a file's
// bytes that a compiler can digest; C has had #embed since C23.

#include "CGuestFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char firmware[] = {
#embed "../../firmware/built/breakwater-palcode.elf"
};
static const unsigned char dmatest[] = {
#embed "../../firmware/built/dmatest.elf"
};
static const unsigned char test_disk[] = {
#embed "../../images/dmatest.qcow2"
};
static const unsigned char scratch_disk[] = {
#embed "../../images/scratch.qcow2"
};

const struct guest_file guest_file_firmware = {
    "the built-in firmware", firmware, sizeof firmware};
const struct guest_file guest_file_dmatest = {
    "the built-in DMA test", dmatest, sizeof dmatest};
const struct guest_file guest_file_test_disk = {
    "the built-in test disk", test_disk, sizeof test_disk};
const struct guest_file guest_file_scratch_disk = {
    "the built-in scratch disk", scratch_disk, sizeof scratch_disk};
