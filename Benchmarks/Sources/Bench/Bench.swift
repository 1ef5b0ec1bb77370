import Sluice
import SluiceApp

/// The command line that `scripts/bench` drives, with the functions its definitions name.
@main
struct Bench: PipelineApp {
    var functions: [Function] {
        Function("raw") { (record: RawRecord, _) -> Outcome<Bytes> in [record.body] }
        Function("codable") { (sale: Sale, _) -> Outcome<Sale> in [sale] }
    }

    var pipelines: [Pipeline] { [] }
}

/// One record of the benchmark, every field of it.
struct Sale: Codable {
    var id: Int
    var customer: String
    var placed: String
    var amount: Double
    var note: String
}
