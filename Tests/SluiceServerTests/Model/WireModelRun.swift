import SluiceEmbedded
import SluiceTesting
import Testing

/// One run: rounds of operations by several clients at once, a death of the store in some of them, and after each a look
/// that nobody else disturbs, before and after time has passed.
struct WireModelRun {
    /// What was found cannot have been; it is recorded already.
    struct Failed: Error {}

    let seed: UInt64
    let queues: ModelQueues
    let clients: Int
    let operations: Int
    private let folder: ServedFolder
    private let book: MessageBook
    private let attributes: ModelAttributes
    private var random: SeededGenerator
    /// All that the queues can be like, by what was answered.
    private var worlds: Set<QueueWorld>
    private var round = 0

    init(seed: UInt64, isFIFO: Bool, clients: Int, operations: Int) async throws {
        self.seed = seed
        self.clients = clients
        self.operations = operations
        queues = ModelQueues(isFIFO: isFIFO)
        book = MessageBook(queues)
        folder = try await ServedFolder()
        random = SeededGenerator(seed: seed)
        attributes = .any(queues, &random)
        worlds = [QueueWorld(queues, now: folder.now)]
    }

    mutating func run(rounds: Int) async throws {
        do {
            try await go(rounds)
            try judge([], await folder.end())
        } catch is Failed {
            // What was found is recorded; what the folder says by now adds nothing.
            _ = try await folder.end()
        }
        try folder.remove()
    }

    private mutating func go(_ rounds: Int) async throws {
        try await alone(.createQueue(queues.dead, deadAttributes))
        for _ in 0..<rounds {
            round += 1
            try await makeQueue()
            try await play()
            if Int.random(in: 0..<8, using: &random) == 0 { try await restart() }
            try await look()
            if Int.random(in: 0..<4, using: &random) == 0 { try await receiveAll(hiding: 2) }
            try await passTime()
        }
        try await empty()
    }

    private var deadAttributes: ModelAttributes {
        ModelAttributes(fifo: queues.isFIFO ? ModelAttributes.FIFO() : nil)
    }

    // MARK: A round

    /// All clients at once. The clock stands still.
    private mutating func play() async throws {
        let mayDie = Int.random(in: 0..<4, using: &random) == 0
        if mayDie {
            folder.die(
                atCommit: Int.random(in: 0..<clients * operations, using: &random),
                Bool.random(using: &random) ? .beforeCommit : .afterCommit)
        }
        let (book, folder, operations) = (book, folder, operations)
        let workers = (0..<clients).map { _ in
            ModelWorker(
                queues: queues, book: book, attributes: attributes, random: SeededGenerator(seed: random.next()))
        }
        let steps = try await withThrowingTaskGroup(of: [Step].self) { group in
            for (number, worker) in workers.enumerated() {
                group.addTask { try await Self.work(number, worker, operations, book, folder) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        folder.live()
        try judge(steps, [], mayDie: mayDie)
        if mayDie { try await restart() }
    }

    private static func work(
        _ number: Int, _ worker: ModelWorker, _ operations: Int, _ book: MessageBook, _ folder: ServedFolder
    ) async throws -> [Step] {
        try await SQSConnection.open(to: folder.address) { connection in
            var worker = worker
            var client = ModelClient(number: number, book: book, folder: folder, connection: connection)
            var steps: [Step] = []
            for _ in 0..<operations {
                steps += await client.ask(worker.next(), worker.wire())
                if steps.contains(where: \.isUnknown) { break }
            }
            return steps
        }
    }

    /// Takes what was answered into account.
    private mutating func judge(_ steps: [[Step]], _ problems: [String], mayDie: Bool = false) throws {
        let order = SerialOrder(steps, from: worlds, book.facts)
        var problems = problems + book.takeProblems()
        if order.worlds.isEmpty {
            problems += ["no order of these operations explains their answers:"] + order.explanation
        }
        if !mayDie, steps.joined().contains(where: \.isUnknown) {
            problems.append("ServiceUnavailable, and nothing died")
        }
        worlds = order.worlds
        guard !problems.isEmpty else { return }
        let history = steps.joined().sorted { $0.began < $1.began }.map(\.description)
        let text = (problems + ["what was asked and answered:"] + history).joined(separator: "\n")
        Issue.record(
            """
            seed \(seed), round \(round), \(queues.isFIFO ? "FIFO" : "standard"), \(clients) clients: \
            SLUICE_WIRE_SEED=\(seed) SLUICE_WIRE_ROUNDS=\(round) swift test --filter WireModelTests
            \(Self.named(text, book.facts))
            """)
        throw Failed()
    }

    /// The receipts called by message and count.
    private static func named(_ text: String, _ facts: MessageBook.Facts) -> String {
        facts.receipts.reduce(text) { text, receipt in
            text.replacing(
                "\"\(receipt.key)\"", with: "\(receipt.value.queue) \(receipt.value.key)#\(receipt.value.count)")
        }.replacing("SluiceServerTests.", with: "")
    }

    // MARK: Nobody else

    @discardableResult
    private mutating func alone(_ operation: Operation) async throws -> Answer? {
        let (book, folder) = (book, folder)
        let wire: WireForm = Bool.random(using: &random) ? .json : .query
        let steps = try await SQSConnection.open(to: folder.address) { connection in
            var client = ModelClient(number: 0, book: book, folder: folder, connection: connection)
            return await client.ask(operation, wire, isQuiet: true)
        }
        try judge([steps], [])
        return steps.first?.answer
    }

    /// Attributes and counts, which have to be exact now.
    private mutating func look() async throws {
        for queue in queues.all { try await alone(.getQueueAttributes(queue)) }
    }

    /// Receives until nothing more is there.
    /// - Parameter seconds: for so long what was received is hidden.
    /// - Returns: the handles, by queue.
    @discardableResult
    private mutating func receiveAll(hiding seconds: Int) async throws -> [String: [String]] {
        var handles: [String: [String]] = [:]
        for queue in queues.all {
            while case .received(let sightings) = try await alone(
                .receiveMessage(queue, ReceiveOptions(visibilityTimeout: seconds))), !sightings.isEmpty
            {
                handles[queue, default: []] += sightings.map(\.handle)
            }
        }
        return handles
    }

    private mutating func makeQueue() async throws {
        guard worlds.allSatisfy({ $0.queues[queues.work] == nil }) else { return }
        if let deleted = worlds.compactMap({ $0.deleted[queues.work] }).max() {
            let isReady = Bool.random(using: &random)
            try await advance(to: deleted + QueueWorld.rest - (isReady ? 0 : 1))
            try await alone(.createQueue(queues.work, attributes))
            try await advance(to: deleted + QueueWorld.rest)
        }
        try await alone(.createQueue(queues.work, attributes))
    }

    private mutating func restart() async throws {
        try judge([], await folder.restart())
        worlds = Set(
            worlds.map { world in
                var world = world
                world.restart()
                return world
            })
        try await look()
    }

    // MARK: Time

    private mutating func passTime() async throws {
        let moments = Set(worlds.flatMap(\.moments)).sorted()
        if let moment = moments.prefix(12).randomElement(using: &random), Int.random(in: 0..<3, using: &random) > 0 {
            return try await advance(to: moment - (Bool.random(using: &random) ? 0 : 1))
        }
        let seconds = [0, 1, 2, 10, 31, 60, 299, 300, 900, 3_600].randomElement(using: &random) ?? 0
        try await advance(to: folder.now + seconds * 1_000 + Int.random(in: 0...1, using: &random))
    }

    /// To a moment, and never back. Each queue is looked at there, so that what has expired is surely gone.
    private mutating func advance(to moment: Int) async throws {
        guard moment > folder.now else { return }
        folder.clock.advance(by: .milliseconds(moment - folder.now))
        worlds = Set(
            worlds.map { world in
                var world = world
                world.advance(to: moment)
                return world
            })
        try await look()
    }

    // MARK: The end

    /// Receives and deletes everything, wherever it hides: nothing is lost, and nothing is left.
    private mutating func empty() async throws {
        for _ in 0..<30 where !worlds.allSatisfy(\.messages.isEmpty) {
            let received = try await receiveAll(hiding: 20)
            for queue in queues.all {
                let handles = received[queue] ?? []
                for start in stride(from: 0, to: handles.count, by: 10) {
                    try await alone(.deleteMessage(queue, Array(handles[start...].prefix(10))))
                }
            }
            try await advance(to: folder.now + 4_000_000)
        }
        if !worlds.allSatisfy(\.messages.isEmpty) {
            try judge([], ["messages are left that nobody can receive: \(worlds.map(\.messages))"])
        }
    }
}
