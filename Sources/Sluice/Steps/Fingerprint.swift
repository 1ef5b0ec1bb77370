/// Tells failures of one cause from failures of another, so that 3,912 dead letters are one line on the screen.
enum Fingerprint {
    /// The step, the type and the reason with its particulars replaced: digits by `#`, quoted values by `'…'`.
    static func of(_ failure: Failure) -> String {
        "\(failure.step)|\(failure.type ?? "")|\(shape(of: failure.reason))"
    }

    static func shape(of reason: String) -> String {
        var shape = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        var inNumber = false
        // Scalars, not characters: every failing record comes by here, and finding where a character ends costs more.
        for scalar in reason.unicodeScalars.prefix(300) {
            if let open = quote {
                if scalar == open {
                    shape.append("…")
                    shape.append(scalar)
                    quote = nil
                }
                continue
            }
            if isDigit(scalar) {
                if !inNumber { shape.append("#") }
                inNumber = true
                continue
            }
            inNumber = false
            shape.append(scalar)
            if scalar == "\"" || scalar == "`" { quote = scalar }
        }
        return String(shape)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? ("0"..."9").contains(scalar) : scalar.properties.generalCategory == .decimalNumber
    }
}
