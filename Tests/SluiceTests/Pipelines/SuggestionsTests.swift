import Testing

@testable import Sluice

@Suite("Suggestions")
struct SuggestionsTests {
    @Test("every spelling of AWS leads to keys that exist")
    func serviceSpellings() {
        let paths = Set(definitionReference.map(\.path))
        for (spelling, keys) in Suggestions.serviceSpellings {
            for key in keys { #expect(paths.contains(key), "\(spelling) leads to \(key)") }
        }
    }
}
