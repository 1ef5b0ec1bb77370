/// Names of tables and columns, which may be anything at all.
enum SQLiteName {
    /// As SQL takes any name literally: in double quotes, those inside doubled.
    static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    static func quoted(_ names: some Sequence<String>) -> String {
        names.map(quoted).joined(separator: ", ")
    }

    /// Equal for names that are one to SQLite, which ignores the case of ASCII letters and of no others.
    static func folded(_ name: some Sequence<UInt8>) -> [UInt8] {
        name.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    }
}
