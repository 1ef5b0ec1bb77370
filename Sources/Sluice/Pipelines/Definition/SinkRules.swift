/// Which keys of a delivery mean something to which kind of sink: one that means nothing would be ignored silently.
enum SinkRules {
    @Sendable static func check(_ deliver: Deliver, _ check: inout DefinitionCheck) {
        guard check.knows("to"), deliver.to != DefinitionKeys.deliver.prototype.to else { return }
        switch deliver.to {
        case .sqlite, .postgres:
            checkTable(deliver, &check)
            for (key, isSet) in requestKeys(deliver) where isSet || check.isGiven(key) {
                check.report(
                    "\(check.path).\(key) is for requests to an HTTP address, and this delivery writes rows",
                    expected: "leave '\(key)' out", at: key)
            }
        case .http(let url):
            for (key, isSet) in tableKeys(deliver) where isSet || check.isGiven(key) {
                check.report(
                    "\(check.path).\(key) is for rows of a table, and this delivery sends requests",
                    expected: "leave '\(key)' out", at: key)
            }
            if let address = HTTPAddress(url) { checkAddress(address, deliver, &check) }
        }
    }

    private static func checkTable(_ deliver: Deliver, _ check: inout DefinitionCheck) {
        guard deliver.table == nil, check.knows("table") else { return }
        check.report("\(check.path).table is missing", expected: "expected the name of a table", at: "table")
    }

    private static func requestKeys(_ deliver: Deliver) -> [(String, isSet: Bool)] {
        let usual = DefinitionKeys.deliver.prototype.request
        return [
            ("headers", deliver.request.headers != usual.headers), ("method", deliver.request.method != usual.method),
            ("body", deliver.request.body != usual.body),
            ("compression", deliver.request.compression != usual.compression),
        ]
    }

    private static func tableKeys(_ deliver: Deliver) -> [(String, isSet: Bool)] {
        let usual = DefinitionKeys.deliver.prototype
        return [
            ("table", deliver.table != nil), ("key", deliver.key != usual.key), ("mode", deliver.mode != usual.mode),
            ("newer_by", deliver.newerBy != usual.newerBy), ("create", deliver.create != usual.create),
            ("columns", deliver.columns != usual.columns), ("unknown", deliver.unknown != usual.unknown),
        ]
    }

    private static func checkAddress(_ address: HTTPAddress, _ deliver: Deliver, _ check: inout DefinitionCheck) {
        let hasAuthorization = deliver.request.headers.keys.contains { $0.lowercased() == "authorization" }
        if address.user != nil, hasAuthorization {
            check.report(
                "\(check.path).to names a user, and 'headers' has an Authorization: a request has one of them",
                expected: "leave one of them out", at: "to")
        }
        guard !address.isSecure, !address.isLoopback else { return }
        check.warn(
            "\(check.path).to sends records and headers to \(address.host) as plain text: whoever is on the way can "
                + "read and change them",
            expected: "write 'https://…'", at: "to")
    }
}
