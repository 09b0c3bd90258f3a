import Testing

@testable import DiskImages

@Suite struct BoundedCacheTests {
  @Test("The least recently used value goes first")
  func order() {
    var cache = BoundedCache<Int, String>(limit: 3)
    for key in 1...3 { cache.insert("\(key)", for: key, cost: 1) }
    #expect(cache.value(1) == "1")
    cache.insert("4", for: 4, cost: 1)
    #expect(cache.value(2) == nil)
    #expect(cache.value(1) == "1")
    cache.insert("5", for: 5, cost: 2)
    #expect(cache.value(3) == nil)
    #expect(cache.value(4) == nil)
    #expect(cache.value(1) == "1")
    #expect(cache.cost == 3)
  }

  @Test("Replacing and removing keep the cost right; one value is always kept")
  func cost() {
    var cache = BoundedCache<Int, Int>(limit: 10)
    cache.insert(1, for: 1, cost: 4)
    cache.insert(2, for: 1, cost: 6)
    #expect(cache.cost == 6)
    cache.remove(1)
    cache.remove(1)
    #expect(cache.cost == 0)
    cache.insert(3, for: 3, cost: 100)
    #expect(cache.value(3) == 3)
    cache.insert(4, for: 4, cost: 1)
    #expect(cache.count == 1)
  }
}
