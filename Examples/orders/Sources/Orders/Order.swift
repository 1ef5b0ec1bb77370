/// A purchase as the shop exports it: everything is text.
struct Order: Decodable {
    var orderID: String
    var customerID: String
    /// Year, month and day: `19970101`.
    var date: String
    var cds: String
    /// With two places: `11.77`.
    var dollars: String

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case customerID = "customer_id"
        case date, cds, dollars
    }
}
