/// Where records go: one table of one database, or an HTTP address.
public struct Deliver: Hashable, Sendable {
    /// What becomes of a record whose key is in the table.
    public enum Mode: String, Hashable, Sendable, Codable, CaseIterable { case upsert, insert, ignore }
    /// What becomes of a field that has no column.
    public enum UnknownField: String, Hashable, Sendable, Codable, CaseIterable { case reject, ignore, add }

    /// `[a-z0-9-]{1,20}`; `nil` = named after its kind (`sqlite`, `http`).
    public var name: String?
    public var to: SinkAddress
    /// `[schema.]name`; required for a database, and `nil` for anything else.
    public var table: String?
    /// The columns that identify a row; none = every record is a row of its own.
    public var key: [String]
    /// `nil` = upsert with a key, insert without.
    public var mode: Mode?
    /// The column by which an upsert tells which of two records with one key is the newer: an older one never
    /// overwrites its row, and is counted as stale. `nil` = the record that comes last counts.
    public var newerBy: String?
    /// Make the table (with SQLite the database, and its folders) if absent; `nil` = SQLite: true, PostgreSQL: false.
    public var create: Bool?
    /// Declared types of columns, in the order written. A value that does not fit its column rejects the record; the
    /// other columns are those of the first batch, and take any value.
    public var columns: [Column]
    /// `nil` = add where Sluice made the table, else reject.
    public var unknown: UnknownField?
    /// How records become requests, for an HTTP address.
    public var request: Request
    /// What this delivery's queue has otherwise than the pipeline's; `nil` = nothing.
    public var queue: QueueOverrides?
    /// Writes at once. 1 to 1,000; 1.
    public var concurrency: Int
    /// Records per second, minute or hour; `nil` = as fast as the sink takes them.
    public var rate: Rate?
    /// Records of one write. 1 to 10,000; `nil` = 500, to an HTTP address 100.
    public var batch: Int?
    /// How long to wait for a batch to fill. 0 s to 5 minutes; 0 s.
    public var batchWindow: Duration
    /// How long one write may take. 1 s to 15 minutes; 30 s.
    public var timeout: Duration
    public var errors: [ErrorRule]
    public var backoff: Backoff
    public var breaker: BreakerPlan

    public struct Column: Hashable, Sendable {
        public var name: String
        public var type: String
        public init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }
    }

    public init(
        name: String? = nil, to: SinkAddress, table: String? = nil, key: [String] = [], mode: Mode? = nil,
        newerBy: String? = nil, create: Bool? = nil, columns: [Column] = [], unknown: UnknownField? = nil,
        request: Request = Request(), queue: QueueOverrides? = nil,
        concurrency: Int = 1, rate: Rate? = nil, batch: Int? = nil, batchWindow: Duration = .zero,
        timeout: Duration = .seconds(30), errors: [ErrorRule] = [], backoff: Backoff = Backoff(),
        breaker: BreakerPlan = BreakerPlan()
    ) {
        self.name = name
        self.to = to
        self.table = table
        self.key = key
        self.mode = mode
        self.newerBy = newerBy
        self.create = create
        self.columns = columns
        self.unknown = unknown
        self.request = request
        self.queue = queue
        self.concurrency = concurrency
        self.rate = rate
        self.batch = batch
        self.batchWindow = batchWindow
        self.timeout = timeout
        self.errors = errors
        self.backoff = backoff
        self.breaker = breaker
    }

    /// The name that commands, the ledger and the queue use.
    public var effectiveName: String { name ?? to.kind }
    public var effectiveCreate: Bool {
        switch to {
        case .sqlite: create ?? true
        case .postgres, .http: create ?? false
        }
    }

    public var effectiveBatch: Int { batch ?? to.usualBatch }
    public var effectiveMode: Mode { mode ?? (key.isEmpty ? .insert : .upsert) }
}

/// A database or an API, as a definition names it.
public enum SinkAddress: Hashable, Sendable {
    /// The path of a database file; relative to the definition's folder.
    case sqlite(String)
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`, as libpq reads it.
    case postgres(String)
    /// The URL that requests are sent to, `https://` or `http://`.
    case http(String)

    public var kind: String {
        switch self {
        case .sqlite: "sqlite"
        case .postgres: "postgres"
        case .http: "http"
        }
    }

    /// Records of one write, where the definition does not say.
    var usualBatch: Int {
        switch self {
        case .sqlite, .postgres: 500
        case .http: 100
        }
    }

    /// Whether records become rows of a table.
    var hasTable: Bool {
        switch self {
        case .sqlite, .postgres: true
        case .http: false
        }
    }
}
