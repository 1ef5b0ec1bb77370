import Sluice

/// A definition in one line, for `check`.
enum PipelineText {
    /// `orders: orders-in.fifo → order-row → sqlite:out/shop.db (orders)`.
    static func line(_ pipeline: Pipeline) -> String {
        let function = pipeline.transform.map { " → \($0.codeName)" } ?? ""
        let source = pipeline.source.bucket.map { "bucket \($0)/\(pipeline.source.prefix)" } ?? pipeline.intakeQueue
        return "\(pipeline.name): \(source)\(function) → \(address(pipeline.deliver.to)) "
            + "(\(pipeline.deliver.table))"
    }

    private static func address(_ address: SinkAddress) -> String {
        switch address {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgres(let url): Secrets().mask(url)
        }
    }
}
