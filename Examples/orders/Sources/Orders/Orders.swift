import Sluice
import SluiceApp

/// The purchases of a shop, from a queue to a table: `orders send orders-in FILE`, `orders run`.
@main
struct Orders: PipelineApp {
    var functions: [Function] {
        Function("order-row") { (order: Order, _) -> Outcome<OrderRow> in
            do throws(Implausible) {
                return [try OrderRow(order)]
            } catch {
                return .reject(error.reason)
            }
        }
    }

    var pipelines: [Pipeline] {
        Pipeline("orders") {
            Source.queue("orders-in")
            ID("$.order_id")
            Archive(keep: .days(30))
            Subject("customer", "$.customer_id")
            Queues(.fifo(group: "$.customer_id"))
            Transform(function: "order-row")
            Deliver(
                to: .sqlite("out/shop.db"), table: "orders", key: ["order_id"],
                columns: [
                    .init("order_id", "text"),
                    .init("customer_id", "text"),
                    .init("ordered_on", "date"),
                    .init("month", "text"),
                    .init("cds", "integer"),
                    .init("dollars", "numeric(12,2)"),
                    .init("dollars_per_cd", "numeric(12,2)"),
                ])
            DeadLetters(keep: .days(30))
        }
    }
}
