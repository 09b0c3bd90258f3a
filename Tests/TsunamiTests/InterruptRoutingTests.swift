import PCI
import Testing
import Tsunami

@Suite struct InterruptRoutingTests {
  @Test func clipperTable() {
    let expected = [1: 8, 2: 12, 3: 16, 4: 20, 5: 24, 6: 28]
    for slot in -1...40 {
      for (index, pin) in InterruptPin.allCases.enumerated() {
        #expect(
          InterruptRouting.inputBit(slot: slot, pin: pin) == expected[slot].map { $0 + index })
      }
    }
    #expect(InterruptRouting.isaBridge == 55)
  }
}
