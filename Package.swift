// swift-tools-version: 6.2
import PackageDescription

/// Every target is checked alike: Swift 6 mode, strict memory safety, all warnings are errors.
let checked: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: checked)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.target(name: name)] + dependencies,
    swiftSettings: checked)
}

let package = Package(
  name: "breakwater",
  products: [
    .executable(name: "breakwater", targets: ["breakwater"]),
    .library(name: "Machine", targets: ["Machine"]),
    .library(name: "DiskImages", targets: ["DiskImages"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    // For tests only: they run the built program and the tools it is compared with.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    // Contracts: what memory and devices are.
    module("GuestMemory"),
    module("DeviceModel"),

    // Pure leaves.
    module("AlphaISA"),
    module("AlphaFloat"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CLibdeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    // What the host offers and Swift's Glibc module leaves out.
    .target(name: "CHost"),
    module(
      "DiskImages",
      ["CHost", "CLibdeflate", "CZlib", .product(name: "SystemPackage", package: "swift-system")]),
    module("Console"),

    // The processor.
    module("AlphaCPU", ["AlphaISA", "AlphaFloat", "DeviceModel", "GuestMemory"]),

    // The board and its devices.
    module("PCI", ["DeviceModel", "GuestMemory"]),
    module("Tsunami", ["PCI", "DeviceModel", "GuestMemory"]),
    module("SouthBridge", ["PCI", "DeviceModel", "GuestMemory", "Console"]),
    module("Virtio", ["PCI", "DeviceModel", "GuestMemory"]),
    module("VirtioBlock", ["Virtio", "DiskImages", "DeviceModel", "GuestMemory"]),
    module("VirtioConsole", ["Virtio", "Console", "DeviceModel", "GuestMemory"]),
    module("VirtioEntropy", ["Virtio", "DeviceModel", "GuestMemory"]),

    // What `breakwater run` boots without arguments.
    .target(name: "CGuestFiles"),

    // Assembly: the only target that sees everything.
    module(
      "Machine",
      [
        "AlphaCPU", "AlphaISA", "CGuestFiles", "Console", "DeviceModel", "DiskImages",
        "GuestMemory", "PCI", "SouthBridge", "Tsunami", "Virtio", "VirtioBlock", "VirtioConsole",
        "VirtioEntropy",
      ]),
    .executableTarget(
      name: "breakwater",
      dependencies: [
        "AlphaCPU", "AlphaISA", "Console", "DeviceModel", "DiskImages", "GuestMemory", "Machine",
        "Tsunami",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: checked),

    // Random numbers for tests, the same for the same seed.
    .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: checked),
    // Doubles for tests: a flat DMA space, a driver's side of a virtqueue, files that fail.
    .target(
      name: "MachineTestKit",
      dependencies: [
        "DeviceModel", "GuestMemory", "DiskImages", "PCI", "SeededRandom", "Virtio",
      ],
      path: "Tests/MachineTestKit", swiftSettings: checked),
    // What is fuzzed; scripts/fuzz searches, tests replay what it found.
    .target(
      name: "FuzzKit", dependencies: ["DiskImages", "MachineTestKit"], path: "Tests/FuzzKit",
      exclude: ["Corpus"], swiftSettings: checked),
    tests("GuestMemory"),
    tests("DeviceModel"),
    tests("AlphaISA", ["SeededRandom"]),
    tests("AlphaFloat", ["SeededRandom"]),
    tests("DiskImages", ["MachineTestKit", "FuzzKit"]),
    tests("Console"),
    tests("AlphaCPU", ["GuestMemory", "AlphaISA", "AlphaFloat", "DeviceModel", "SeededRandom"]),
    tests("PCI", ["MachineTestKit", "DeviceModel", "GuestMemory"]),
    tests("Tsunami", ["MachineTestKit", "PCI", "DeviceModel", "GuestMemory"]),
    tests("SouthBridge", ["MachineTestKit", "PCI", "DeviceModel", "Console", "GuestMemory"]),
    tests("Virtio", ["MachineTestKit", "PCI", "DeviceModel", "GuestMemory"]),
    tests(
      "VirtioBlock",
      ["MachineTestKit", "Virtio", "PCI", "DeviceModel", "DiskImages", "GuestMemory"]),
    tests(
      "VirtioConsole",
      ["MachineTestKit", "Virtio", "Console", "PCI", "DeviceModel", "GuestMemory"]),
    tests("VirtioEntropy", ["MachineTestKit", "Virtio", "PCI", "DeviceModel", "GuestMemory"]),
    tests(
      "Machine",
      [
        "AlphaCPU", "Console", "DeviceModel", "DiskImages", "GuestMemory", "MachineTestKit", "PCI",
        "SouthBridge", "Tsunami", "Virtio", "VirtioBlock", "VirtioConsole", "VirtioEntropy",
      ]),

    // Long random loads on disk images, judged by qemu-img: scripts/disk-load.
    .executableTarget(
      name: "disk-load",
      dependencies: [
        "DiskImages", "MachineTestKit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/DiskLoad", swiftSettings: [.swiftLanguageMode(.v6)]),

    // The built program from outside; strict memory safety would only repeat Foundation's own.
    .testTarget(
      name: "ProgramTests",
      dependencies: [.product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
  ]
)

// scripts/test-processor builds the processor's tests optimized, which takes minutes with the rest.
if Context.environment["BREAKWATER_PROCESSOR_ONLY"] != nil {
  let processor: Set = [
    "AlphaCPU", "AlphaFloat", "AlphaISA", "DeviceModel", "GuestMemory", "SeededRandom",
    "AlphaCPUTests", "AlphaFloatTests", "AlphaISATests",
  ]
  package.targets.removeAll { !processor.contains($0.name) }
  package.products = []
  package.dependencies = []
}
