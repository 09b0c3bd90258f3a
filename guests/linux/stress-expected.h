// What `stress --print` prints on an x86-64 host.
    {"processes", processes, 0xda7d1ec7e4d03ca6},
    {"pipes", pipes, 0x9f21d04ac12edaa6},
    {"signals", signals, 0xa078fe887ae77e8c},
    {"memory", memory, 0xfd5353ba44dd9342},
    {"floating_point", floating_point, 0xff7515ecd4fbf33c},
    {"floating_point_switching", floating_point_switching, 0x69b65d78e4aa5439},
    {"threads", threads, 0x8c0eff64931f7d14},
    {"files", files, 0x4292f424dd9666a9},
