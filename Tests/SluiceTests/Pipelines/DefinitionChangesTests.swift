import Testing

@testable import Sluice

@Suite("What changes between two definitions")
struct DefinitionChangesTests {
    private func definition(_ change: (inout Pipeline) -> Void = { _ in }) -> Definition {
        var pipeline = Pipeline(
            name: "orders", source: .queue("in"), transform: Transform(function: "row"),
            deliver: Deliver(to: .sqlite("x"), table: "t"))
        change(&pipeline)
        return Definition(of: pipeline)
    }

    @Test("equal definitions have no changes")
    func none() {
        #expect(definition().changes(to: definition()).isEmpty)
    }

    @Test("a key that has another value is told with both, as it would be written")
    func changed() {
        let changes = definition().changes(to: definition { $0.transform?.timeout = .seconds(60) })
        #expect(changes == [.init(key: "transform.timeout", old: "30s", new: "1m")])
    }

    @Test("rules in a list are told, although each is a map")
    func list() {
        let changes = definition().changes(
            to: definition { $0.transform?.errors = [ErrorRule(match: "E*", then: .reject)] })
        #expect(changes == [.init(key: "transform.errors", old: "[]", new: "[{match: E*, then: reject}]")])
    }

    @Test("a definition that has moved is another one: its relative paths mean something else")
    func moved() {
        let changes = definition { $0.root = "/a" }.changes(to: definition { $0.root = "/b" })
        #expect(changes == [.init(key: "(its folder)", old: "/a", new: "/b")])
    }

    @Test("a secret that has changed shows that it has, and not what it is")
    func secrets() {
        func withSecret(_ secret: String) -> Definition {
            var definition = definition { $0.deliver.table = secret }
            definition.secrets.insert(secret)
            return definition
        }
        let changes = withSecret("hunter2").changes(to: withSecret("hunter3"))
        #expect(changes == [.init(key: "deliver.table", old: "***", new: "*** (another one)")])
    }
}

extension DefinitionChangesTests {
    @Test("a header whose value has changed shows that it has, and not what it is")
    func headers() {
        func withToken(_ token: String) -> Definition {
            definition {
                $0.deliver = Deliver(to: .http("https://h/o"), request: .init(headers: ["Authorization": token]))
            }
        }
        #expect(
            withToken("a").changes(to: withToken("b")) == [
                .init(key: "deliver.headers", old: "{Authorization: ***}", new: "{Authorization: ***} (another one)")
            ])
        #expect(withToken("a").changes(to: withToken("a")) == [])
    }
}

@Suite("Ranges as regular expressions")
struct DigitPatternTests {
    @Test(
        "the numbers of a range match, and no others",
        arguments: [
            Int64(0)...0, 0...9, 1...15, 7...43, 0...100, 99...101, 128...10_240, 1_000...900_000, 3_600...3_600,
        ])
    func range(_ range: ClosedRange<Int64>) throws {
        let regex = try Regex(DigitPattern.of(range))
        let near =
            (max(0, range.lowerBound - 120)...(range.lowerBound + 120)).map { $0 }
            + (max(0, range.upperBound - 120)...(range.upperBound + 120)).map { $0 }
        for number in near {
            #expect(("\(number)".wholeMatch(of: regex) != nil) == range.contains(number), "\(number) of \(range)")
        }
    }
}
