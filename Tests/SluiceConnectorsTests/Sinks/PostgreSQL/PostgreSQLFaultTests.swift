import Sluice
import Testing

@testable import SluiceConnectors

@Suite struct PostgreSQLFaultTests {
    @Test(arguments: ["22003", "22P02", "23505", "23502", "42703", "428C9", "21000", "P0001", "44000", "54000"])
    func `a wrong record is rejected`(state: String) {
        let fault = PostgreSQLFault(state: state, message: "m")
        #expect(fault.sinkError == .batchRejected(reason: "m", type: "sql:\(state)"))
    }

    @Test(arguments: ["40001", "40P01", "55P03", "57014"])
    func `what passes by itself is tried again`(state: String) {
        let fault = PostgreSQLFault(state: state, message: "m")
        #expect(fault.sinkError == .busy(reason: "m", type: "sql:\(state)", after: nil))
    }

    @Test(arguments: ["08006", "28P01", "42501", "42P01", "53300", "57P01", "42601", "XX000"])
    func `a setting or a service opens the breaker`(state: String) {
        let fault = PostgreSQLFault(state: state, message: "m")
        #expect(fault.sinkError == .unavailable(reason: "m", type: "sql:\(state)"))
    }
}
