/// The software names of the registers (Alpha calling standard), as the GNU tools print them.
public enum RegisterName {
  /// The name of an integer register, `v0` to `zero`; bits above 4:0 are ignored.
  public static func integer(_ register: UInt8) -> String { integers[Int(register & 31)] }

  /// The name of a floating-point register, `$f0` to `$f31`; bits above 4:0 are ignored.
  public static func float(_ register: UInt8) -> String { "$f\(register & 31)" }

  private static let integers = [
    "v0", "t0", "t1", "t2", "t3", "t4", "t5", "t6",
    "t7", "s0", "s1", "s2", "s3", "s4", "s5", "fp",
    "a0", "a1", "a2", "a3", "a4", "a5", "t8", "t9",
    "t10", "t11", "ra", "t12", "at", "gp", "sp", "zero",
  ]
}
