/// When a message becomes visible by itself; void if its state has changed since.
struct MessageTimer: Comparable {
    let due: Int64
    let ref: MessageRef
    let generation: UInt32

    static func < (left: MessageTimer, right: MessageTimer) -> Bool { left.due < right.due }
}
