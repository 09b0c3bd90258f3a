extension UART16550 {
  enum InterruptEnable {
    static let received: UInt8 = 0x01
    static let transmitter: UInt8 = 0x02
    static let lineStatus: UInt8 = 0x04
    static let modemStatus: UInt8 = 0x08
  }

  enum ModemControl {
    static let requestToSend: UInt8 = 0x02
    static let out2: UInt8 = 0x08
    static let loopback: UInt8 = 0x10
  }

  /// Interrupt sources, as the identification register names them.
  enum InterruptSource: UInt8 {
    case lineStatus = 0x06
    case received = 0x04
    case characterTimeout = 0x0C
    case transmitter = 0x02
    case modemStatus = 0x00
  }

  /// A character in the receive FIFO with its error bit.
  struct ReceivedCharacter: Codable, Equatable, Sendable {
    var byte: UInt8
    var isBreak: Bool
  }

  /// The registers as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    private static let fifoSize = 16
    private static let triggerLevels = [1, 4, 8, 14]

    var interruptEnable: UInt8 = 0
    var lineControl: UInt8 = 0
    var modemControl: UInt8 = 0
    var scratch: UInt8 = 0
    /// 12 gives 9600 baud.
    var divisor: UInt16 = 12
    var fifosEnabled = false
    /// Bits 7:6 of the FIFO control register.
    var trigger: UInt8 = 0
    var received: [ReceivedCharacter] = []
    var hasOverrun = false
    var transmitterRequest = false
    var timeoutRequest = false
    /// Changes of the modem inputs since the modem status was read.
    var modemChanges: UInt8 = 0
    /// When the line can deliver another character.
    var lineFree: UInt64 = 0

    var divisorLatchAccess: Bool { lineControl & 0x80 != 0 }

    /// RTS is up, and the receiver is connected to the line.
    var isReadyToReceive: Bool {
      modemControl & (ModemControl.requestToSend | ModemControl.loopback)
        == ModemControl.requestToSend
    }

    var hasReceiveSpace: Bool { received.count < (fifosEnabled ? Self.fifoSize : 1) }

    /// Nanoseconds for start, data, parity and stop bits. A bit lasts 16 * divisor periods of
    /// 1.8432 MHz, which is divisor * 78125/9 ns.
    var characterTime: UInt64 {
      let parity: UInt64 = lineControl & 0x08 != 0 ? 1 : 0
      let stop: UInt64 = lineControl & 0x04 != 0 ? 2 : 1
      let bits = 1 + 5 + UInt64(lineControl & 3) + parity + stop
      return bits * UInt64(max(divisor, 1)) * 78_125 / 9
    }

    /// The transmitter is always empty (bits 5 and 6). Bit 7 tells of errors anywhere in the FIFO.
    var lineStatus: UInt8 {
      var status: UInt8 = 0x60
      if !received.isEmpty { status |= 0x01 }
      if hasOverrun { status |= 0x02 }
      if received.first?.isBreak == true { status |= 0x10 }
      if fifosEnabled, received.contains(where: \.isBreak) { status |= 0x80 }
      return status
    }

    /// DCD, RI, DSR, CTS in bits 7:4: a terminal that is always there, or the outputs looped back.
    var modemInputs: UInt8 {
      guard modemControl & ModemControl.loopback != 0 else { return 0xB0 }
      let (dtr, rts) = (modemControl & 1, modemControl >> 1 & 1)
      return modemControl << 4 & 0xC0 | dtr << 5 | rts << 4
    }

    /// The source with the highest priority among the enabled ones.
    var interruptSource: InterruptSource? {
      func isEnabled(_ bit: UInt8) -> Bool { interruptEnable & bit != 0 }
      if isEnabled(InterruptEnable.lineStatus), lineStatus & 0x1E != 0 { return .lineStatus }
      if isEnabled(InterruptEnable.received) {
        let level = fifosEnabled ? Self.triggerLevels[Int(trigger & 3)] : 1
        if received.count >= level { return .received }
        if timeoutRequest { return .characterTimeout }
      }
      if isEnabled(InterruptEnable.transmitter), transmitterRequest { return .transmitter }
      if isEnabled(InterruptEnable.modemStatus), modemChanges != 0 { return .modemStatus }
      return nil
    }

    /// Why these values can not be a port's state, if so.
    var fault: String? {
      guard received.count <= Self.fifoSize, trigger < 4 else {
        return "16550: the receive FIFO holds at most 16 characters, with 4 trigger levels"
      }
      guard interruptEnable < 0x10, modemControl < 0x20, modemChanges < 0x10 else {
        return "16550: a register holds bits that it does not have"
      }
      return nil
    }
  }
}
