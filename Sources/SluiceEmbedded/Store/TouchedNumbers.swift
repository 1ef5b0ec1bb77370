/// Numbers of what a turn touches: message after message of the same batch, the same ones.
struct TouchedNumbers {
    private(set) var numbers: Set<Int64> = []
    private var latest: Int64?

    mutating func insert(_ number: Int64) {
        if number == latest { return }
        latest = number
        numbers.insert(number)
    }

    mutating func remove(_ number: Int64) {
        if number == latest { latest = nil }
        numbers.remove(number)
    }

    mutating func removeAll() {
        latest = nil
        numbers.removeAll(keepingCapacity: true)
    }
}
