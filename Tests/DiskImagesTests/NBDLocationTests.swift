import Testing

@testable import DiskImages

@Suite struct NBDLocationTests {
  static let exports: [(String, NBDLocation.Address, String)] = [
    ("nbd:unix:/run/s", .unix(path: "/run/s"), ""),
    ("nbd:unix:/run/s:exportname=a:b/c", .unix(path: "/run/s"), "a:b/c"),
    ("nbd:unix:s:1", .unix(path: "s:1"), ""),
    ("nbd:localhost:10809", .tcp(host: "localhost", port: 10809), ""),
    ("nbd:127.0.0.1:1:exportname=disk 1", .tcp(host: "127.0.0.1", port: 1), "disk 1"),
    ("nbd:[::1]:65535", .tcp(host: "::1", port: 65535), ""),
    ("nbd://example.com", .tcp(host: "example.com", port: 10809), ""),
    ("nbd://example.com/", .tcp(host: "example.com", port: 10809), ""),
    ("nbd://example.com//disk", .tcp(host: "example.com", port: 10809), "/disk"),
    ("nbd://example.com:77/hello%20world", .tcp(host: "example.com", port: 77), "hello world"),
    ("nbd://[::1]/x", .tcp(host: "::1", port: 10809), "x"),
    ("nbd+tcp://host:7/x", .tcp(host: "host", port: 7), "x"),
    ("nbd+unix:///disk?socket=nbd.sock", .unix(path: "nbd.sock"), "disk"),
    ("nbd+unix:///?socket=/a%2Cb", .unix(path: "/a,b"), ""),
  ]

  @Test("Names of exports", arguments: exports)
  func names(_ text: String, _ address: NBDLocation.Address, _ export: String) throws {
    let location = try #require(try NBDLocation(parsing: text))
    #expect(location.address == address)
    #expect(location.exportName == export)
  }

  @Test(
    "Names of files stay names of files",
    arguments: ["nbd", "./nbd:unix:/s", "/nbd://host", "a.raw", "json:{}", "NBD:x", "nbd/a:b", ""])
  func files(_ text: String) throws {
    #expect(try NBDLocation(parsing: text) == nil)
  }

  @Test(
    "Wrong names are answered with the right forms",
    arguments: [
      ("nbd:", "an NBD export is"), ("nbd:host", "an NBD export is"),
      ("nbd:host:", "no port"), ("nbd:host:0", "no port"), ("nbd:host:65536", "no port"),
      ("nbd:host:http", "no port"), ("nbd::10809", "an NBD export is"),
      ("nbd:unix:", "names no socket"), ("nbd:[::1:10809", "an NBD export is"),
      ("nbd://", "an NBD export is"), ("nbd://user@host/", "has a user"),
      ("nbd://host?socket=s", "parameters"), ("nbd://host/#x", "an NBD export is"),
      ("nbd://host/%zz", "%"), ("nbd://host/%4", "%"), ("nbd://host/%ff", "UTF-8"),
      ("nbd://host/%00", "NUL"), ("nbd+unix:///x", "needs its socket"),
      ("nbd+unix://host/x?socket=s", "needs its socket"),
      ("nbd+unix:///x?socket=s&tls-type=psk", "needs its socket"),
      ("nbd+unix:///x?socket=%00a", "names no socket"),
      ("nbd+unix:?socket=/s", "an NBD export is"), ("nbds://host", "TLS"),
      ("nbds+unix:///?socket=s", "TLS"), ("nbds+tcp://host", "TLS"),
      ("nbd+tcp:host:10809", "an NBD export is"),
      ("nbd://host/" + String(repeating: "a", count: 4097), "4096"),
    ] as [(String, String)])
  func wrong(_ text: String, _ says: String) {
    let line = fault { _ = try NBDLocation(parsing: text) }
    #expect(line?.contains(says) == true, "\(line ?? "accepted")")
  }
}
