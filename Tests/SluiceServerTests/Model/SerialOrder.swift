/// Looks for the orders in which the operations of a round can have happened one after the other.
///
/// A client's operations are in its own order, and what was answered before something else was asked for came before
/// it. One that was not answered came at any time since, or never. Everything is tried; what is found is all that the
/// queues can be like afterwards.
struct SerialOrder {
    private struct Node: Hashable {
        /// How many operations of each client have happened.
        var done: [Int]
        var world: QueueWorld
    }

    private struct Place: Hashable {
        let client: Int
        let number: Int
    }

    private let steps: [[Step]]
    private let facts: MessageBook.Facts
    private(set) var worlds: Set<QueueWorld> = []
    private var possible: Set<Place> = []
    /// What stood in the way of each operation, and how many had happened then.
    private var contradictions: [Place: [String: Int]] = [:]

    /// - Parameter steps: of each client, in its order.
    init(_ steps: [[Step]], from worlds: Set<QueueWorld>, _ facts: MessageBook.Facts) {
        self.steps = steps
        self.facts = facts
        var seen: Set<Node> = []
        var open = worlds.map { Node(done: steps.map { _ in 0 }, world: $0) }
        while let node = open.popLast() {
            guard seen.insert(node).inserted else { continue }
            let next = next(after: node)
            if next.isEmpty { self.worlds.insert(node.world) }
            for client in next { open += go(on: client, from: node) }
        }
    }

    /// The clients whose next operation may be the next of all: none that is left had ended before it began.
    private func next(after node: Node) -> [Int] {
        let left = steps.indices.filter { node.done[$0] < steps[$0].count }
        let firstEnd = left.map { steps[$0][node.done[$0]] }.filter { !$0.isUnknown }.map(\.ended).min() ?? .max
        return left.filter { steps[$0][node.done[$0]].began <= firstEnd }
    }

    private mutating func go(on client: Int, from node: Node) -> [Node] {
        let place = Place(client: client, number: node.done[client])
        let step = steps[client][place.number]
        var done = node.done
        done[client] += 1
        if step.isUnknown {
            return node.world.after(perhaps: step.operation, facts).map { Node(done: done, world: $0) }
        }
        var world = node.world
        do {
            try world.take(step, facts)
        } catch {
            contradictions[place, default: [:]][error.text] = done.reduce(0, +)
            return []
        }
        possible.insert(place)
        return [Node(done: done, world: world)]
    }

    /// Why there is no order: what could never happen, and where everything could, what stood in the way at last.
    var explanation: [String] {
        let never = contradictions.filter { !possible.contains($0.key) }
        return (never.isEmpty ? contradictions : never).map { place, texts in
            let latest = texts.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.prefix(3).map(\.key)
            return "\(steps[place.client][place.number]): \(latest.joined(separator: "; or "))"
        }.sorted()
    }
}

/// What cannot have been, by what is known.
struct Contradiction: Error {
    let text: String
    init(_ text: String) { self.text = text }
}
