import DeviceModel
import MachineTestKit
import Testing

@Suite("The rig of the device tests")
struct RigTests {
  @Test("Alarms that fire settle; an alarm that is set whenever it fires is an error")
  func endlessAlarms() throws {
    let rig = try Rig()
    let once = rig.clock.register("once") {}
    rig.clock.arm(once, at: 1)
    try rig.settle()
    #expect(rig.clock.now == 1)
    var endless: VirtualClock.Alarm?
    endless = rig.clock.register("endless") { [unowned clock = rig.clock] in
      if let endless { clock.arm(endless, at: clock.now + 1) }
    }
    if let endless { rig.clock.arm(endless, at: 2) }
    #expect(throws: NeverSettles.self) { try rig.settle() }
  }
}
