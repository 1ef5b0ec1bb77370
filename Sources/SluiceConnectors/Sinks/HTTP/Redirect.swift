import Foundation
import NIOHTTP1
import Sluice

/// Where an answer sends a request on to.
enum Redirect {
    static func target(_ location: String, from url: String) -> HTTPAddress? {
        guard let base = URL(string: url), let target = URL(string: location, relativeTo: base) else { return nil }
        return HTTPAddress(target.absoluteString)
    }

    /// The URL to send the same request to once more; `nil` = it is not followed: another host may not see the records
    /// and the headers, nor may anybody on the way.
    static func follow(_ answer: HTTPAnswer, from url: String) -> String? {
        guard answer.status == 307 || answer.status == 308, let location = answer.headers.first(name: "Location"),
            let from = HTTPAddress(url), let target = target(location, from: url),
            target.host == from.host, target.user == nil
        else { return nil }
        let isSamePlace = target.isSecure == from.isSecure && target.port == from.port
        let isSecured = target.isSecure && !from.isSecure
        return isSamePlace || isSecured ? target.url : nil
    }
}
