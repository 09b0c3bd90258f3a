// Who has the kit has its random numbers, too.
@_exported public import SeededRandom
