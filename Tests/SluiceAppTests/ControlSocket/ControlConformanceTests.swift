import Sluice
import SluiceTesting
import Testing

@testable import SluiceApp

@Suite("Control")
struct ControlConformanceTests {
    @Test("the scripted control keeps the contract that it stands in for", arguments: ControlConformance.checks)
    func scripted(_ check: ControlConformance.Check) async throws {
        let scripted = ScriptedControl()
        try await check.run(ScriptedFixture(scripted: scripted, control: scripted))
    }

    @Test("a control behind a socket keeps the contract", arguments: ControlConformance.checks)
    func remote(_ check: ControlConformance.Check) async throws {
        let scripted = ScriptedControl()
        try await withRemote(scripted) { remote in
            try await check.run(ScriptedFixture(scripted: scripted, control: remote))
        }
    }
}
