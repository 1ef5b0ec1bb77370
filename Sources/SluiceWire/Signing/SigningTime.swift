package import Sluice

/// The moment that a signature is of, in ISO 8601's basic form: `20130524T000000Z`.
package enum SigningTime {
    /// `nil` = it is no such time.
    package static func moment(of basic: String) -> Timestamp? {
        let text = Array(basic.utf8)
        guard text.count == 16, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z") else { return nil }
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        guard let date = CivilDate("\(part(0..<4))-\(part(4..<6))-\(part(6..<8))"),
            let hour = Int64(part(9..<11)), let minute = Int64(part(11..<13)), let second = Int64(part(13..<15)),
            (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        return Timestamp(milliseconds: (date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000)
    }

    package static func basic(_ moment: Timestamp) -> String {
        let second = (moment.milliseconds / 1_000) % 86_400
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return CivilDate(of: moment).text(separator: "") + "T" + two(second / 3_600) + two(second / 60 % 60)
            + two(second % 60) + "Z"
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Of a Date header, `Fri, 24 May 2013 00:00:00 GMT`, or of one that is basic already; `nil` = it is neither.
    static func basic(header: String) -> String? {
        if moment(of: header) != nil { return header }
        let parts = header.split(whereSeparator: { ", :".contains($0) })
        guard parts.count == 8, let month = months.firstIndex(of: String(parts[2])) else { return nil }
        let text = "\(parts[3])\(month < 9 ? "0" : "")\(month + 1)\(parts[1])T\(parts[4])\(parts[5])\(parts[6])Z"
        return moment(of: text) == nil ? nil : text
    }
}
