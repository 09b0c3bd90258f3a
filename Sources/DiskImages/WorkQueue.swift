internal import Dispatch
internal import Synchronization

/// Work that is handed to other threads, and done by the caller's own where none has begun it.
///
/// Inputs and outputs are values; nothing else is shared. One thread owns the queue: it submits jobs
/// and asks for their results. Other threads exist only while something waits to be done.
final class WorkQueue<Input: Sendable, Output: Sendable>: Sendable {
  /// What a thread does with each input. Each thread makes its own, with whatever state it keeps.
  typealias Work = (Input) -> Output

  /// A job that was submitted, until its result is taken or it is abandoned.
  struct Job: Hashable, Sendable { fileprivate let number: Int }

  /// What became of a job when its result is wanted at once.
  enum Taken {
    /// A thread has done it.
    case output(Output)
    /// No thread has begun it, and none will.
    case input(Input)
  }

  private struct State {
    var submitted = 0
    /// Jobs that no thread has begun, in the order of their submission.
    var waiting: [(job: Job, input: Input)] = []
    /// Jobs begun by other threads.
    var running: Set<Job> = []
    /// Results that nobody has taken yet.
    var outputs: [Job: Output] = [:]
    /// The job that the owner sleeps for.
    var awaited: Job?
    var threads = 0
  }

  private let state = Mutex(State())
  private let finished = DispatchSemaphore(value: 0)
  private let threadLimit: Int
  private let makeWork: @Sendable () -> Work

  /// A queue that has up to `threads` threads besides the owner's.
  init(threads: Int, makeWork: @escaping @Sendable () -> Work) {
    threadLimit = threads
    self.makeWork = makeWork
  }

  /// Hands in a job.
  func submit(_ input: Input) -> Job {
    let (job, needsThread) = state.withLock { state in
      let job = Job(number: state.submitted)
      state.submitted += 1
      state.waiting.append((job, input))
      let needsThread = state.threads < threadLimit
      if needsThread { state.threads += 1 }
      return (job, needsThread)
    }
    if needsThread { DispatchQueue.global().async { self.drain() } }
    return job
  }

  /// Waits for the output of a job. Only where there are threads.
  func output(of job: Job) -> Output {
    while true {
      let output = state.withLock { state in
        let output = state.outputs.removeValue(forKey: job)
        if output == nil { state.awaited = job }
        return output
      }
      if let output { return output }
      finished.wait()
    }
  }

  /// Takes a job back if no thread has begun it; else waits for its output, and does other jobs
  /// meanwhile with `work`.
  func take(_ job: Job, helpingWith work: Work) -> Taken {
    while true {
      let next: Step = state.withLock { state in
        if let output = state.outputs.removeValue(forKey: job) { return .answer(.output(output)) }
        if let index = state.waiting.firstIndex(where: { $0.job == job }) {
          return .answer(.input(state.waiting.remove(at: index).input))
        }
        if !state.waiting.isEmpty {
          let (job, input) = state.waiting.removeFirst()
          return .help(job, input)
        }
        state.awaited = job
        return .sleep
      }
      switch next {
      case .answer(let taken): return taken
      case .help(let other, let input):
        let output = work(input)
        state.withLock { $0.outputs[other] = output }
      case .sleep: finished.wait()
      }
    }
  }

  /// Forgets a job: it is not begun any more, and its result is dropped.
  func abandon(_ job: Job) {
    state.withLock { state in
      state.waiting.removeAll { $0.job == job }
      state.running.remove(job)
      state.outputs[job] = nil
    }
  }

  private enum Step {
    case answer(Taken)
    case help(Job, Input)
    case sleep
  }

  /// Does jobs until none waits.
  private func drain() {
    let work = makeWork()
    while let (job, input) = begin() {
      let output = work(input)
      let isAwaited = state.withLock { state in
        // Without this the job was abandoned.
        if state.running.remove(job) != nil { state.outputs[job] = output }
        guard state.awaited == job else { return false }
        state.awaited = nil
        return true
      }
      if isAwaited { finished.signal() }
    }
  }

  /// Takes the next job; nil ends the thread.
  private func begin() -> (job: Job, input: Input)? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.threads -= 1
        return nil
      }
      let next = state.waiting.removeFirst()
      state.running.insert(next.job)
      return next
    }
  }
}
