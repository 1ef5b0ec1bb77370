import Sluice

/// A definition in one line, for `check`.
enum PipelineText {
    /// `orders: orders-in.fifo → order-row → sqlite:out/shop.db (orders)`; `… → https://api.example.com/orders (POST)`.
    static func line(_ pipeline: Pipeline) -> String {
        let function = pipeline.transform.map { " → \($0.codeName)" } ?? ""
        let source = pipeline.source.bucket.map { "bucket \($0)/\(pipeline.source.prefix)" } ?? pipeline.intakeQueue
        return "\(pipeline.name): \(source)\(function) → \(place(of: pipeline.deliver))"
    }

    private static func place(of deliver: Deliver) -> String {
        switch deliver.to {
        case .sqlite(let path): "sqlite:\(path) (\(deliver.table ?? ""))"
        case .postgres(let url): "\(Secrets().mask(url)) (\(deliver.table ?? ""))"
        case .http(let url): "\(HTTPAddress(url)?.shown ?? "http:") (\(deliver.request.method.rawValue))"
        }
    }
}
