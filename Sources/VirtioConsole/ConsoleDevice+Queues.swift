import Console
import GuestMemory
import Virtio

extension ConsoleDevice {
  /// Most bytes of one buffer that are put out. Linux fills at most 128 KiB.
  static let outputLimit = 1 << 18
  /// What a byte of output costs (`NotifiedQueues`): each goes to the host by itself.
  static let outputCost = 8

  /// What a queue is for (VIRTIO 1.2, 5.3.2).
  enum Queue: Equatable {
    case receive(Int)
    case transmit(Int)
    case controlReceive
    case controlTransmit

    init(_ number: Int) {
      switch number {
      case 2: self = .controlReceive
      case 3: self = .controlTransmit
      default:
        let port = number < 2 ? 0 : number / 2 - 1
        self = number.isMultiple(of: 2) ? .receive(port) : .transmit(port)
      }
    }

    var number: Int {
      switch self {
      case .receive(let port): port == 0 ? 0 : 2 * port + 2
      case .transmit(let port): Queue.receive(port).number + 1
      case .controlReceive: 2
      case .controlTransmit: 3
      }
    }
  }

  /// Whether the driver knows of more than one port.
  var usesPorts: Bool { core?.features.contains(.multiport) == true }

  /// Serves the queue a little later.
  public func notified(queue: Int) { notifiedQueues?.insert(queue) }

  /// Serves a queue now; whether to go on later.
  func serve(_ number: Int) -> Bool {
    let queue = Queue(number)
    switch queue {
    case .receive(let port): return receive(port)
    case .transmit(let port): return transmit(port)
    case .controlReceive: return usesPorts && sendMessages()
    case .controlTransmit: return usesPorts && takeMessages()
    }
  }

  // MARK: Data

  /// Puts input into the buffers of a port that somebody reads.
  private func receive(_ index: Int) -> Bool {
    guard let core, !usesPorts || ports[index].isGuestOpen else { return false }
    ports[index].collectInput()
    let mayHaveMore = core.serve(queue: Queue.receive(index).number) {
      chain throws(QueueFault) in
      let bytes = Array(ports[index].input.prefix(chain.writable.remaining))
      do throws(DMAFault) {
        _ = try chain.writable.write(bytes.span)
      } catch {
        report(error)
      }
      ports[index].input.removeFirst(chain.writable.written)
      return UInt32(chain.writable.written)
    } while: {
      !ports[index].input.isEmpty
    }
    return mayHaveMore && !ports[index].input.isEmpty
  }

  /// Puts out what the guest has written. A named port waits for a slow line; the console does not,
  /// because Linux spins until its output is taken.
  private func transmit(_ index: Int) -> Bool {
    guard let core else { return false }
    let line = ports[index].line
    let canWait = !ports[index].isConsole
    let mayHaveMore = core.serve(queue: Queue.transmit(index).number) {
      chain throws(QueueFault) in
      send(&chain.readable, to: line)
      return 0
    } while: {
      (!canWait || line.acceptsOutput) && notifiedQueues?.hasBudget == true
    }
    ports[index].isStalled = mayHaveMore && canWait && !line.acceptsOutput
    return mayHaveMore && !ports[index].isStalled
  }

  private func send(_ reader: inout ChainReader, to line: any CharacterEndpoint) {
    if reader.remaining > Self.outputLimit {
      warn(
        "large output",
        "a buffer of \(reader.remaining) bytes: only the first \(Self.outputLimit) are put out")
    }
    var room = Self.outputLimit
    var buffer = [UInt8](repeating: 0, count: 4096)
    while room > 0, reader.remaining > 0 {
      let count: Int
      do throws(DMAFault) {
        var span = buffer.mutableSpan
        count = try reader.read(into: &span)
      } catch {
        return report(error)
      }
      notifiedQueues?.spend(count * Self.outputCost)
      for byte in buffer.prefix(count) { line.send(byte) }
      room -= count
    }
  }

  // MARK: Control

  /// Gives the driver the messages that wait.
  private func sendMessages() -> Bool {
    guard let core else { return false }
    let mayHaveMore = core.serve(queue: Queue.controlReceive.number) {
      chain throws(QueueFault) in
      guard let bytes = takeMessage() else { return 0 }
      guard bytes.count <= chain.writable.remaining else {
        warn(
          "small control buffer",
          "a control message of \(bytes.count) bytes does not fit into a buffer of "
            + "\(chain.writable.remaining): dropped")
        return 0
      }
      do throws(DMAFault) {
        _ = try chain.writable.write(bytes.span)
      } catch {
        report(error)
      }
      return UInt32(chain.writable.written)
    } while: {
      ports.contains { !$0.messages.isEmpty }
    }
    return mayHaveMore && ports.contains { !$0.messages.isEmpty }
  }

  /// The next message: of the first port that has any, in the order in which a driver needs them.
  private func takeMessage() -> [UInt8]? {
    guard let index = ports.firstIndex(where: { !$0.messages.isEmpty }) else { return nil }
    let port = ports[index]
    func take(_ message: ConsolePort.Messages) -> Bool {
      ports[index].messages.remove(message) != nil
    }
    if take(.add) { return ControlMessage.bytes(.portAdd, port: index) }
    if take(.console) { return ControlMessage.bytes(.consolePort, port: index, value: 1) }
    if take(.name) {
      return ControlMessage.bytes(
        .portName, port: index, value: 1, followedBy: Array(port.name.utf8))
    }
    if take(.open) {
      let isConnected = port.line.isConnected
      ports[index].isHostOpen = isConnected
      return ControlMessage.bytes(.portOpen, port: index, value: isConnected ? 1 : 0)
    }
    guard take(.resize), let size else { return nil }
    return ControlMessage.bytes(.resize, port: index, followedBy: ControlMessage.bytes(size))
  }

  /// Takes messages of the driver.
  private func takeMessages() -> Bool {
    core?.serve(queue: Queue.controlTransmit.number) {
      chain throws(QueueFault) in
      var bytes = [UInt8](repeating: 0, count: ControlMessage.byteCount)
      var count = 0
      do throws(DMAFault) {
        var span = bytes.mutableSpan
        count = try chain.readable.read(into: &span)
      } catch {
        report(error)
      }
      if count == bytes.count {
        take(ControlMessage(bytes))
      } else {
        warn("short control message", "a control message of \(count) bytes ignored, it has 8")
      }
      return 0
    } ?? false
  }

  private func take(_ message: ControlMessage) {
    switch ControlMessage.Event(rawValue: message.event) {
    case .deviceReady:
      guard message.value == 1 else {
        return warn("driver failed", "the driver could not set the device up (DEVICE_READY 0)")
      }
      for index in ports.indices { ports[index].messages.insert(.add) }
      notifiedQueues?.insert(Queue.controlReceive.number)
    case .portReady:
      guard let index = index(message) else { return }
      guard message.value == 1 else {
        return warn("port failed", "the driver could not set port \(index) up (PORT_READY 0)")
      }
      announce(index)
    case .portOpen:
      guard let index = index(message) else { return }
      ports[index].isGuestOpen = message.value != 0
      if ports[index].isGuestOpen { notifiedQueues?.insert(Queue.receive(index).number) }
    case .portAdd, .portRemove, .consolePort, .resize, .portName, nil:
      warn(
        "control message", "control message \(message.event) is none that a driver sends: ignored")
    }
  }

  /// Tells the driver what port it is.
  private func announce(_ index: Int) {
    ports[index].isReady = true
    ports[index].messages.insert(ports[index].isConsole ? .console : .name)
    if ports[index].isConsole, size != nil { ports[index].messages.insert(.resize) }
    if ports[index].line.isConnected { ports[index].messages.insert(.open) }
    notifiedQueues?.insert(Queue.controlReceive.number)
  }

  private func index(_ message: ControlMessage) -> Int? {
    if ports.indices.contains(Int(message.port)) { return Int(message.port) }
    warn(
      "no such port",
      "control message \(message.event) for port \(message.port), but there are \(ports.count)")
    return nil
  }

  /// The way to memory has reported the fault itself; only what it cannot know is added.
  private func report(_ fault: DMAFault) {
    if let hint = core?.hint(for: fault) { warn("address", "\(fault.address): \(hint)") }
  }
}
