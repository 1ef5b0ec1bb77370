/// Tells failures of one cause from failures of another, so that 3,912 dead letters are one line on the screen.
enum Fingerprint {
    /// The step, the type and the reason with its particulars replaced: digits by `#`, quoted values by `'…'`.
    static func of(_ failure: Failure) -> String {
        "\(failure.step)|\(failure.type ?? "")|\(shape(of: failure.reason))"
    }

    static func shape(of reason: String) -> String {
        var shape = ""
        var quote: Character?
        var inNumber = false
        for character in reason.prefix(300) {
            if let open = quote {
                if character == open {
                    shape += "…\(character)"
                    quote = nil
                }
                continue
            }
            if character.isWholeNumber {
                if !inNumber { shape.append("#") }
                inNumber = true
                continue
            }
            inNumber = false
            shape.append(character)
            if character == "\"" || character == "`" { quote = character }
        }
        return shape
    }
}
