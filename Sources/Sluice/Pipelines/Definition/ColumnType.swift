/// The types that a definition may declare for a column: a check of it knows them without the sink, which turns them
/// into its own.
package enum ColumnType {
    package static let names = [
        "text", "string", "varchar", "char", "character", "uuid", "json", "jsonb",
        "int", "integer", "bigint", "smallint", "int2", "int4", "int8",
        "real", "double", "float", "float4", "float8",
        "numeric", "decimal", "dec", "money", "boolean", "bool",
        "timestamp", "timestamptz", "date", "time", "timetz", "datetime", "interval",
        "blob", "bytea", "any",
    ]

    /// What is wrong with a type that is written as one, and what to write instead; `nil` = nothing.
    package static func mistake(in type: String) -> (problem: String, expected: String)? {
        let words = type.lowercased().prefix { $0 != "(" }.split(separator: " ")
        let name = words.first.map(String.init) ?? ""
        guard names.contains(name) else {
            let near = NearestName.to(name, among: names).map { "did you mean '\($0)'? " } ?? ""
            return (
                "is no type of a column that is known", "\(near)expected one of \(names.joined(separator: ", "))"
            )
        }
        return ["numeric", "decimal", "dec", "money"].contains(name) ? mistake(inDigitsOf: type) : nil
    }

    private static func mistake(inDigitsOf type: String) -> (problem: String, expected: String)? {
        let digits = type.drop { $0 != "(" }.split { !"0123456789".contains($0) }.map { Int($0) ?? .max }
        guard let precision = digits.first else { return nil }
        if precision == 0 { return ("has no digits", "expected at least one, such as numeric(12,2)") }
        guard digits.count > 1, digits[1] > precision else { return nil }
        return (
            "has more digits behind the point (\(digits[1])) than in all (\(precision))",
            "expected (all, behind the point), such as numeric(12,2)"
        )
    }
}
