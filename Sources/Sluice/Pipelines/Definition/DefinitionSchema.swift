/// A JSON Schema of definitions, for editors: types, ranges, words, defaults and meanings, from the table of keys. What
/// holds between keys is for `check` to say.
package var definitionSchema: SchemaNode {
    guard case .map(var schema) = DefinitionKeys.document.schema else { return .anything }
    schema["$schema"] = .text("https://json-schema.org/draft/2020-12/schema")
    schema["title"] = .text("A pipeline of Sluice")
    schema["description"] = .text(
        "One document of a definition; a file may hold several, and the schema is for each of them. What holds between "
            + "keys, and what ${…} stands for, is checked by `check`.")
    return .map(schema)
}

extension KeyTable {
    /// The map with its keys.
    var schema: SchemaNode {
        var schema: [String: SchemaNode] = [
            "type": .text("object"),
            "properties": .map(
                Dictionary(keys.map { ($0.name, $0.schema(prototype)) }, uniquingKeysWith: { first, _ in first })),
            "additionalProperties": .flag(false),
        ]
        let required = keys.filter(\.isRequired).map(\.name)
        if !required.isEmpty { schema["required"] = .list(required.map { .text($0) }) }
        if !conditions.isEmpty { schema["allOf"] = .list(conditions) }
        if ignoresExtensions { schema["patternProperties"] = .map(["^x-": .anything]) }
        if !alternatives.isEmpty {
            schema["oneOf"] = .list(alternatives.map { .map(["required": .list([.text($0)])]) })
        }
        return .map(schema)
    }
}
