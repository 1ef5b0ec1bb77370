import Foundation

/// A row of the table `orders`. What is not a plausible purchase does not become one.
struct OrderRow: Encodable, Equatable {
    var orderID: String
    var customerID: String
    /// `1997-01-01`.
    var orderedOn: String
    /// `1997-01`.
    var month: String
    var cds: Int
    var dollars: Decimal
    /// Rounded to the cent, halves up.
    var dollarsPerCD: Decimal

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case customerID = "customer_id"
        case orderedOn = "ordered_on"
        case month, cds, dollars
        case dollarsPerCD = "dollars_per_cd"
    }
}

/// Why a purchase is refused, for the person who looks at the dead letters.
struct Implausible: Error, Equatable {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}

extension OrderRow {
    /// More than this in one purchase is a slip of the keyboard.
    static let mostCDs = 10_000

    init(_ order: Order) throws(Implausible) {
        guard let cds = Int(order.cds) else { throw Implausible("'\(order.cds)' is not a number of CDs") }
        guard (1...Self.mostCDs).contains(cds) else { throw Implausible("the quantity is \(cds)") }
        let day = try Day(order.date)
        let cents = try Cents(order.dollars)

        orderID = order.orderID
        customerID = order.customerID
        orderedOn = day.text
        month = String(day.text.prefix(7))
        self.cds = cds
        dollars = cents.dollars
        dollarsPerCD = cents.divided(by: cds).dollars
    }
}

/// An amount of money, exactly.
struct Cents: Equatable {
    var count: Int

    init(count: Int) { self.count = count }

    /// Reads `11.77`: one to ten digits, a point, two digits. `Decimal(string:)` would take `12,50` for 12.
    init(_ text: String) throws(Implausible) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...10).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
            let dollars = parts[0].asDigits, let cents = parts[1].asDigits
        else { throw Implausible("'\(text)' is not an amount in dollars and cents") }
        count = dollars * 100 + cents
    }

    var dollars: Decimal { Decimal(sign: .plus, exponent: -2, significand: Decimal(count)) }

    /// Halves are rounded up.
    func divided(by divisor: Int) -> Cents { Cents(count: (2 * count + divisor) / (2 * divisor)) }
}

/// A day of the calendar.
struct Day: Equatable {
    /// `1997-01-01`.
    var text: String

    /// Reads `19970101`, and only days that exist.
    init(_ text: String) throws(Implausible) {
        guard text.utf8.count == 8, let number = text[...].asDigits else {
            throw Implausible("'\(text)' is not a date like 19970131")
        }
        let day = DateComponents(year: number / 10_000, month: number / 100 % 100, day: number % 100)
        guard day.isValidDate(in: Calendar(identifier: .gregorian)) else {
            throw Implausible("there is no day '\(text)'")
        }
        self.text = "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))"
    }
}

extension Substring {
    /// The number that plain digits spell; `nil` for anything else, a sign too.
    fileprivate var asDigits: Int? {
        utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(self) : nil
    }
}
